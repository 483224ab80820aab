import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createAdmission } from '../../src/access/admission.js';
import { createAuth } from '../../src/access/auth.js';
import { createOriginPolicy } from '../../src/access/origin.js';
import type { RequestFacts } from '../../src/access/request-facts.js';
import { ClientSeats } from '../../src/viewer/client-seats.js';
import type { SocketSession, ViewerSocket } from '../../src/viewer/socket-session.js';
import { type ClientMessage } from '../../src/wall/protocol.js';
import { Walls } from '../../src/wall/walls.js';
import { settle } from '../support/manual-clock.js';
import { quietLog, spec, testRegistry } from '../support/test-registry.js';

const FAST = { timeout: 20_000 };

const FACTS: RequestFacts = {
  method: 'get',
  path: '/wall',
  address: '10.0.0.9',
  query: '',
  host: 'wall.test',
  origin: '',
  referer: '',
  fetchSite: '',
  authorization: '',
  cookie: '',
  secure: false,
  user: null,
  refusal: null,
};

interface OpenedWall {
  /** Close codes that the service gave. */
  readonly ends: readonly number[];
  /** Bytes that the kernel has not taken. */
  buffered: number;
  say(message: ClientMessage): void;
}

/** All walls over a registry with one camera, and the sockets that the test opens on them. */
function openWalls(t: TestContext) {
  const { clock, metrics, registry, opener } = testRegistry();
  registry.configure([spec('gate')], null);
  const settings = {
    MAX_VIEWERS: 10,
    MAX_VIEWERS_PER_ADDRESS: 0,
    MAX_CONNECTIONS_PER_SECOND: 0,
    MAX_FAILED_TOKENS_PER_MINUTE: 0,
  };
  const admission = createAdmission(
    settings,
    createAuth({ tokens: [], jwtSecret: null }),
    createOriginPolicy([]),
    () => clock.now(),
  );
  const walls = new Walls({
    admission,
    registry,
    seats: new ClientSeats(registry),
    metrics,
    log: quietLog,
    clock,
    pageVersion: '',
  });
  t.after(() => {
    walls.close();
  });
  const connect = async (): Promise<OpenedWall> => {
    let session: SocketSession | null = null;
    const ends: number[] = [];
    const wall: OpenedWall = {
      ends,
      buffered: 0,
      say: (message) => session?.message(Buffer.from(JSON.stringify(message)), false),
    };
    const socket: ViewerSocket = {
      send: () => 1,
      ping: () => 1,
      subscribe: () => true,
      unsubscribe: () => true,
      getBufferedAmount: () => wall.buffered,
      cork: () => undefined,
      end: (code) => {
        ends.push(code);
        session?.closed();
      },
    };
    const start = await walls.route.judge(FACTS);
    session = start(socket);
    return wall;
  };
  const count = async (name: string): Promise<number> => {
    const metric = await metrics.registry.getSingleMetric(name)?.get();
    return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
  };
  return { connect, count, opener, clock };
}

test('frames that a wall is not sent are counted as those of other viewers are', FAST, async (t) => {
  const { connect, count, opener } = openWalls(t);
  const wall = await connect();
  wall.say({ type: 'subscribe', handle: 1, camera: 'gate' });
  await settle();
  for (let frame = 0; frame < 10; frame += 1) opener().run.frame();
  // Two are on the way, and the newest waits.
  assert.equal(await count('rtsp_ws_frames_skipped_total'), 7);
});

test(
  'a wall that reads nothing is counted as a slow viewer when it is closed',
  { timeout: 30_000 },
  async (t) => {
    const { connect, count } = openWalls(t);
    const wall = await connect();
    wall.buffered = 5 * 1024 * 1024;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.deepEqual(wall.ends, [4408]);
    assert.equal(await count('rtsp_ws_slow_viewers_total'), 1);
    assert.equal(await count('rtsp_ws_viewers'), 0);
  },
);

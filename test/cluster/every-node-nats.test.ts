import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import type { CameraEntry } from '../../bench/cluster/nodes.js';
import { clusterStep } from '../../src/commands/doctor/cluster-step.js';
import { loadConfigFile } from '../../src/config/cameras-file.js';
import { loadConfig } from '../../src/config/settings.js';
import { type ServerMessage } from '../../src/wall/protocol.js';
import { openGo2rtcPlayer } from '../go2rtc/player.js';
import { jpegSize } from '../support/jpeg-size.js';
import { clusterRig, type ClusterNode, type Eye, type Rig, statesOf, until } from './rig.js';

/** Whatever a viewer may ask, each node of one cluster answers alike: a live camera, one with a main stream, and four that fail. */

const NODES = ['a', 'b', 'c'];
const FAILING = [
  { camera: 'cam3', fault: 'refuse', code: 4502, status: 502, error: 'refused' },
  { camera: 'cam4', fault: 'status:404', code: 4404, status: 502, error: 'not_found' },
  { camera: 'cam5', fault: 'bad-auth', code: 4401, status: 502, error: 'unauthorized' },
  { camera: 'cam6', fault: 'silent', code: 4504, status: 504, error: 'open_timeout' },
] as const;
const timeout = 60_000;

/** What every node answered: all the same, which is returned. */
function allAlike<T>(answers: readonly T[]): T {
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  return answers[0] as T;
}

describe('every node of a cluster', { timeout: 200_000 }, () => {
  const ends: (() => unknown)[] = [];
  let it: Rig;
  let watching: Eye[];
  const onEach = <T>(ask: (node: ClusterNode) => Promise<T>): Promise<T[]> =>
    Promise.all(NODES.map((name) => ask(it.node(name))));
  const get = (node: ClusterNode, path: string): Promise<Response> =>
    fetch(`${node.url}${path}`, { signal: AbortSignal.timeout(20_000) });

  before(
    async () => {
      it = await clusterRig(
        { after: (end) => void ends.push(end as () => unknown) },
        {
          count: 6,
          env: { OPEN_TIMEOUT_MS: '2500', RETRY_MIN_MS: '300' },
          entry: (name, urls) => ({
            title: `Camera ${name}`,
            ...(name === 'cam2' ? { main_url: urls[1] } : {}),
          }),
        },
      );
      for (const { camera, fault } of FAILING) await it.cameras.fault(camera, fault);
      watching = NODES.map((node) => it.eye(node, 'cam1'));
      await it.more(5, watching);
    },
    { timeout: 120_000 },
  );
  after(
    async () => {
      for (const end of ends.reverse()) await end();
    },
    { timeout },
  );

  test('is ready, and says which cameras there are, who has them and how they are', { timeout }, async () => {
    for (const response of await onEach((node) => get(node, '/readyz'))) assert.equal(response.status, 200);
    const owner = await it.ownerOf('cam1');
    const list = await until('all lists are alike', async () => {
      const lists = await onEach(async (node) => (await node.cameras()).map(comparable).sort(byName));
      return lists.every((one) => JSON.stringify(one) === JSON.stringify(lists[0])) ? lists[0] : null;
    });
    assert.deepEqual(
      list.map(({ camera, title, configured }) => [camera, title, configured]),
      [1, 2, 3, 4, 5, 6].map((n) => [`cam${n}`, `Camera cam${n}`, true]),
    );
    const [first] = list;
    assert.deepEqual([first?.state, first?.node, first?.viewers], ['live', owner, 3]);
  });

  test('closes a viewer with the same code and the same words', { timeout }, async () => {
    for (const [camera, query, code] of [
      ['nobody', {}, 4404],
      ['cam1', { fps: 'many' }, 4400],
      ['cam1', { width: '7' }, 4400],
      ['cam1', { rtsp: 'http://127.0.0.1/' }, 4400],
      ['cam1', { rtsp: 'rtsp://127.0.0.1:9/other' }, 4409],
      ['else', { rtsp: 'rtsp://169.254.169.254/' }, 4403],
      ...FAILING.map(({ camera, code }) => [camera, {}, code] as const),
    ] as const) {
      const closed = await Promise.all(
        NODES.map((node) => {
          const eye = it.eye(node, camera, query);
          return until(`${node} closes ${camera}`, () => eye.stats.closed, 15_000);
        }),
      );
      assert.equal(allAlike(closed).code, code, `${camera} ${JSON.stringify(query)}`);
    }
  });

  test('gives the newest picture, and refuses with the same status and code', { timeout }, async () => {
    for (const path of ['/snapshot?camera_index=cam1', '/api/frame.jpeg?src=cam1'])
      for (const response of await onEach((node) => get(node, path))) {
        assert.equal(response.status, 200, path);
        assert.equal(jpegSize(new Uint8Array(await response.arrayBuffer())), '320x180');
        const age = Number(response.headers.get('x-frame-age-ms'));
        assert.ok(age >= 0 && age < 1000, `${path}: ${age} ms`);
        assert.equal(response.headers.get('x-camera-state'), 'live');
      }
    for (const { camera, status, error } of FAILING) {
      const refusals = await onEach(async (node) => {
        const response = await get(node, `/snapshot?camera_index=${camera}`);
        const { error: code } = (await response.json()) as { error: string };
        return [response.status, code];
      });
      assert.deepEqual(allAlike(refusals), [status, error], camera);
    }
  });

  test('streams MJPEG, and JPEGs to players of go2rtc', { timeout }, async () => {
    for (const path of ['/stream.mjpeg?camera_index=cam1', '/api/stream.mjpeg?src=cam1'])
      for (const response of await onEach((node) => get(node, path))) {
        assert.equal(response.status, 200);
        assert.ok((await partsWithin(response, 1500)) > 15, path);
      }
    await onEach(async (node) => {
      const player = await openGo2rtcPlayer(node, 'src=cam1');
      player.send('mjpeg');
      await player.when(() => player.pictures.length > 10);
      player.close();
    });
    const streams = await onEach(async (node) => {
      const all = (await (await get(node, '/api/streams')).json()) as Record<string, unknown>;
      return Object.keys(all).sort();
    });
    assert.ok(allAlike(streams).includes('cam1'));
  });

  test('shows all of it on a wall: pictures, main stream, states and refusals', { timeout }, async () => {
    const walls = await onEach(async (node) => {
      const wall = await openWallSocket(node);
      wall.say({ type: 'subscribe', handle: 1, camera: 'cam1' });
      wall.say({ type: 'subscribe', handle: 2, camera: 'cam2', main: true });
      wall.say({ type: 'subscribe', handle: 3, camera: 'cam3' });
      wall.say({ type: 'subscribe', handle: 4, camera: 'nobody' });
      await until(
        () => `pictures and refusals: ${JSON.stringify([...wall.frames])} ${JSON.stringify(wall.said)}`,
        () =>
          (wall.frames.get(1) ?? 0) > 20 &&
          (wall.frames.get(2) ?? 0) > 20 &&
          wall.said.some((message) => message.type === 'state' && message.handle === 3) &&
          wall.said.some((message) => message.type === 'refused' && message.handle === 4),
        20_000,
      );
      await sleep(1500);
      wall.close();
      return {
        last: [1, 2, 3].map((handle) => wall.stateOf(handle)),
        refused: wall.said.find((message) => message.type === 'refused'),
      };
    });
    assert.deepEqual(allAlike(walls).last, [
      ['live', null],
      ['live', null],
      ['offline', 'refused'],
    ]);
    assert.equal(it.sessions.now.get('cam1'), 1, 'one session for all nodes and ways to watch');
  });

  test('is told by the doctor of its part', { timeout }, async () => {
    const owner = await it.ownerOf('cam1');
    const text = await doctorSays('cam1');
    assert.match(text, new RegExp(`owner +node ${owner}\\b`), text);
    for (const node of NODES)
      assert.match(text, new RegExp(`${node}( \\(owner\\))?: choice \\d, (much|some|little|no) room`), text);
    assert.match(text, /picture +first frame/);
    assert.match(await clusterLines('cam3'), /owner: no node: nobody watches it now; [abc] would open it/);
    const otherSecret = await clusterLines('cam1', { CLUSTER_SECRET: 'quite another secret' });
    assert.match(otherSecret, /another CLUSTER_SECRET/);
    const elsewhere = await clusterLines('cam1', { CLUSTER_NAME: 'elsewhere' });
    assert.match(elsewhere, /NATS has no cluster elsewhere/);
    assert.match(await clusterLines('cam1', { NATS_URL: 'nats://127.0.0.1:9' }), /check NATS_URL/);
  });

  test('that is told to end is not ready while its cameras go to others', { timeout }, async () => {
    const name = await it.ownerOf('cam1');
    const ending = it.node(name);
    ending.signal('SIGTERM');
    const said = await until('/readyz says so', async () => {
      const response = await get(ending, '/readyz').catch(() => null);
      return response?.status === 503 ? await response.text() : null;
    });
    assert.match(said, /draining/);
    await ending.exited;
    const others = watching.filter(({ node }) => node !== name);
    await it.more(10, others);
    for (const eye of others) assert.deepEqual(statesOf(eye), ['connecting', 'live']);
    const [own] = watching.filter(({ node }) => node === name);
    assert.equal(own?.stats.closed?.code, 1001);
  });

  /** What the command prints. */
  async function doctorSays(camera: string): Promise<string> {
    const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
    const env = { PATH: process.env['PATH'] ?? '', ...it.settings };
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'doctor', camera], { env });
    return stdout;
  }

  /** Of that, what it says of the cluster, with other settings. */
  async function clusterLines(camera: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const config = loadConfig({ ...it.settings, ...env });
    const { cameras } = await loadConfigFile(config, {});
    const found = cameras.find(({ name }) => name === camera);
    assert.ok(found);
    const lines: string[] = [];
    await clusterStep(found, config, (step, result) => lines.push(`${step}: ${result}`));
    return lines.join('\n');
  }
});

const byName = (a: { camera: string }, b: { camera: string }): number => (a.camera < b.camera ? -1 : 1);

/** What does not change from one moment to the next. */
const comparable = (entry: CameraEntry): Record<string, unknown> & { camera: string } => ({
  ...entry,
  frameAgeMs: null,
  // Times cross the bus as ages: a few milliseconds more or less.
  since: entry.state === 'live' ? Math.round(entry.since / 1000) : null,
});

/** Parts of a multipart stream that come in this time. */
async function partsWithin(response: Response, ms: number): Promise<number> {
  const reader = response.body?.getReader();
  assert.ok(reader);
  let text = '';
  for (const end = performance.now() + ms; performance.now() < end;) {
    const part = (await reader.read()) as { value?: Uint8Array; done: boolean };
    if (!part.value) break;
    text += Buffer.from(part.value).toString('latin1');
  }
  await reader.cancel();
  return text.split('--frame').length - 1;
}

/** A wall's socket that acknowledges what comes. */
async function openWallSocket({ port }: ClusterNode) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/wall`);
  const said: ServerMessage[] = [];
  const frames = new Map<number, number>();
  const say = (message: unknown): void => {
    socket.send(JSON.stringify(message));
  };
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (!isBinary) {
      said.push(JSON.parse(data.toString()) as ServerMessage);
      return;
    }
    const handle = data.readUInt16LE(2);
    frames.set(handle, (frames.get(handle) ?? 0) + 1);
    say({ type: 'ack', frames: [[handle, data.readUInt32LE(4)]] });
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    said,
    frames,
    say,
    close: () => {
      socket.close();
    },
    stateOf: (handle: number) => {
      const states = said.flatMap((message) => (message.type === 'state' ? [message] : []));
      const last = states.filter((message) => message.handle === handle).at(-1);
      return [last?.state, last?.reason];
    },
  };
}

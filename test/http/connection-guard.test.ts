import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { HttpResponse } from 'uWebSockets.js';
import { ConnectionGuard } from '../../src/http/server/connection-guard.js';
import { Descriptors } from '../../src/shared/descriptors.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { quietLog } from '../support/test-registry.js';

const timeout = 30_000;
const LIMIT = 300;

/** A guard over a process with so many descriptors open. */
function guarded(t: TestContext, secure = false) {
  const state = { open: 20, listens: true, listenFails: false };
  let opened: (res: HttpResponse) => void = () => undefined;
  const guard = new ConnectionGuard(
    {
      secure,
      stopListening: () => (state.listens = false),
      onConnection: (tell) => (opened = tell),
    },
    {
      descriptors: new Descriptors(LIMIT, () => state.open),
      maxCameras: 100,
      metrics: createMetrics(),
      log: quietLog,
    },
    () => {
      if (state.listenFails) return Promise.reject(new Error('taken'));
      state.listens = true;
      return Promise.resolve();
    },
  );
  t.after(() => guard.close());
  const connect = (): string => {
    let answer = '';
    const res = {
      writeStatus: (status: string) => {
        answer += status;
        return res;
      },
      writeHeader: () => res,
      end: (body: string, close: boolean) => (answer += close ? ` ${body}` : ''),
      close: () => (answer = 'closed'),
    };
    opened(res as unknown as HttpResponse);
    return answer;
  };
  return { state, guard, connect };
}

test(
  'half of all descriptors are kept for many cameras, and connections beyond get 503',
  { timeout },
  (t) => {
    const { state, connect } = guarded(t);
    state.open = LIMIT / 2 - 1;
    assert.equal(connect(), '');
    state.open = LIMIT / 2;
    assert.equal(connect(), '503 Service Unavailable no room for another connection: try later\n');
    state.open = Infinity;
    assert.match(connect(), /^503/);
  },
);

test('with TLS a connection beyond is closed before its handshake', { timeout }, (t) => {
  const { state, connect } = guarded(t, true);
  state.open = LIMIT;
  assert.equal(connect(), 'closed');
});

test(
  'without descriptors to accept with the service stops to listen, and begins again when there is room',
  { timeout },
  async (t) => {
    const { state, guard } = guarded(t);
    const look = async (open: number): Promise<boolean> => {
      state.open = open;
      guard.look();
      await new Promise(setImmediate);
      return state.listens;
    };
    assert.equal(await look(LIMIT - 100), true);
    assert.equal(await look(LIMIT - 10), false);
    assert.equal(await look(LIMIT - 100), false, 'not at the first that is free');
    state.listenFails = true;
    assert.equal(await look(100), false);
    state.listenFails = false;
    assert.equal(await look(100), true);
  },
);

test('where the limit cannot be told there is always room', { timeout }, () => {
  const unknown = new Descriptors(null, () => Infinity);
  assert.ok(unknown.hasRoomForCamera() && unknown.hasRoomForConnection(100) && unknown.hasRoomToListen());
});

test('this process can tell its limit, and has room', { timeout }, () => {
  const own = new Descriptors();
  assert.ok(own.limit !== null && own.limit > 0);
  assert.ok(own.hasRoomForCamera());
});

import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { MAX_WAITING_BYTES, PendingSession } from '../../src/http/upgrade/pending-session.js';
import { CLOSED_SESSION, type SessionStart, type SocketSession } from '../../src/viewer/socket-session.js';
import { FakeSocket } from '../support/fake-socket.js';

const timeout = 30_000;

/** A handshake that waits to be judged, and what its session is then told. */
function pending() {
  const socket = new FakeSocket();
  const told: string[] = [];
  const refused: string[] = [];
  const session: SocketSession = {
    message: (data, isBinary) => told.push(`${isBinary ? 'binary' : 'text'} ${Buffer.from(data).toString()}`),
    pong: (payload) => told.push(`pong ${payload}`),
    drain: () => told.push('drain'),
    closed: () => told.push('closed'),
  };
  let decide: (start: SessionStart) => void = () => undefined;
  const judged = new Promise<SessionStart>((resolve) => (decide = resolve));
  const waiting = new PendingSession(socket, judged, ({ code }) => refused.push(code));
  socket.onClose = () => waiting.closed();
  return { socket, waiting, session, told, refused, decide };
}

test('messages wait for the judgement, and come in order', { timeout }, async () => {
  const { waiting, session, told, decide } = pending();
  const reused = Buffer.from('one');
  waiting.message(reused, false);
  reused.write('xxx');
  waiting.message(Buffer.from('two'), true);
  assert.deepEqual(told, []);
  decide(() => session);
  await turn();
  waiting.message(Buffer.from('three'), false);
  waiting.pong('7');
  waiting.drain();
  waiting.closed();
  waiting.closed();
  assert.deepEqual(told, ['text one', 'binary two', 'text three', 'pong 7', 'drain', 'closed']);
});

test('a socket that is gone before the judgement begins no session', { timeout }, async () => {
  const { waiting, told, decide } = pending();
  waiting.closed();
  decide(() => {
    told.push('begun');
    return CLOSED_SESSION;
  });
  await turn();
  assert.deepEqual(told, []);
});

test(
  'a session that refuses at its start is told that it is closed, and no message',
  { timeout },
  async () => {
    const { waiting, session, told, decide } = pending();
    waiting.message(Buffer.from('one'), false);
    decide((socket) => {
      socket.end(4429, 'full');
      return session;
    });
    await turn();
    assert.deepEqual(told, ['closed']);
  },
);

test('a client that sends more than may wait is closed with 4429', { timeout }, async () => {
  const { socket, waiting, session, told, refused, decide } = pending();
  for (let bytes = 0; bytes <= MAX_WAITING_BYTES; bytes += 4096) waiting.message(new Uint8Array(4096), false);
  assert.deepEqual(
    socket.ends.map(({ code }) => code),
    [4429],
  );
  assert.deepEqual(refused, ['too_many_messages']);
  decide(() => session);
  await turn();
  assert.deepEqual(told, []);
});

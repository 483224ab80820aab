import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { isAlive } from '../../bench/lib/proc.js';
import { assertUnharmed, HOST, startTarget, type Target } from './target.js';

/** Clients that are gone before their answer is written: each kind of answer that is given at once. */

const timeout = 60_000;
let target: Target;
before(async () => (target = await startTarget()), { timeout });
after(() => target.close(), { timeout });

const CLIENTS = 16;
const CONNECTIONS = 4000;

/** Sends a request and resets the connection at once, or up to 5 ms later. */
function resetEarly(text: string, number: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({
      port: target.service.port,
      host: HOST,
      // Other addresses of this machine: limits count each address.
      localAddress: `127.0.${1 + ((number >> 7) % 100)}.${1 + (number & 127)}`,
      noDelay: true,
    });
    const reset = (): void => {
      socket.resetAndDestroy();
    };
    socket.on('error', () => undefined).once('close', () => resolve());
    socket.once('connect', () => {
      socket.write(text);
      if (number % 3 === 0) reset();
      else if (number % 3 === 1) setImmediate(reset);
      else setTimeout(reset, number % 6);
    });
  });
}

for (const [what, text] of [
  ['a header twice', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ['an unknown path', 'GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['another method', 'POST /healthz HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['half a handshake', 'GET /ws HTTP/1.1\r\nHost: a\r\n\r\n'],
] as const)
  test(`clients that send ${what} and are gone cost nobody anything`, { timeout }, async () => {
    let sent = 0;
    const client = async (): Promise<void> => {
      while (sent < CONNECTIONS && isAlive(target.service.pid)) await resetEarly(text, sent++);
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    assert.ok(isAlive(target.service.pid), target.service.log().slice(-500));
    await assertUnharmed(target);
  });

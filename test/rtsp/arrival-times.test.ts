import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { ArrivalTimes } from '../../src/rtsp/arrival-times.js';
import { epochMs } from '../../src/shared/clock.js';
import { selfSigned } from '../support/self-signed.js';
import { tempFolder } from '../support/temp-folder.js';

const timeout = 30_000;
const BUSY_MS = 200;
/** Two of the kernel's ticks at their longest. */
const MOST_WRONG_MS = 20;

const never = new Int32Array(new SharedArrayBuffer(4));

for (const scheme of ['TCP', 'TLS'] as const)
  test(
    `bytes that waited for a busy thread have the time when they came, over ${scheme}`,
    { timeout },
    async (t) => {
      const files = selfSigned(tempFolder(t), 'camera');
      const identity = { key: readFileSync(files.key), cert: readFileSync(files.cert) };
      const server = scheme === 'TLS' ? createTlsServer(identity) : createServer();
      t.after(() => server.close());
      const accepted = once(server, scheme === 'TLS' ? 'secureConnection' : 'connection') as Promise<
        [Socket]
      >;
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const options = { host: '127.0.0.1', port };
      const reader =
        scheme === 'TLS' ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options);
      t.after(() => reader.destroy());
      const [writer] = await accepted;
      t.after(() => writer.destroy());
      // Otherwise the second waits for the acknowledgement of the first.
      writer.setNoDelay();

      const arrivals = new ArrivalTimes();
      const first = once(reader, 'data');
      writer.write('first');
      await first;
      arrivals.read(reader);
      const before = arrivals.newest;

      const second = once(reader, 'data');
      const begin = epochMs();
      writer.write('second');
      const sent = epochMs();
      Atomics.wait(never, 0, 0, BUSY_MS);
      await second;
      assert.ok(epochMs() - sent >= BUSY_MS - 1, 'the bytes had waited');
      arrivals.read(reader);
      assert.ok(
        arrivals.newest >= Math.max(before, begin),
        `${arrivals.newest - begin} ms before they were sent`,
      );
      assert.ok(arrivals.newest - sent < MOST_WRONG_MS, `${arrivals.newest - sent} ms after they were sent`);
    },
  );

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScriptedCamera } from './support/scripted-camera.js';
import { watch } from './support/watch.js';

/** What takes real time: slow cameras, and floods that must cost no memory. */

const timeout = 30_000;

test('the open timeout holds as a whole: a slow DESCRIBE within it works', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    script: {
      DESCRIBE: async () => {
        await sleep(6000);
        return undefined;
      },
    },
  });
  await watch(t, camera, { openTimeoutMs: 12_000 }).reach(3);
});

const FLOODS: readonly (readonly [string, string, string])[] = [
  [
    'headers without end',
    'RTSP/1.0 200 OK\r\n',
    'X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n',
  ],
  ['one header without end', 'RTSP/1.0 200 OK\r\nX: ', 'a'.repeat(1000)],
  ['a body without end', 'RTSP/1.0 200 OK\r\nContent-Length: 60000\r\n\r\n', 'a'.repeat(1000)],
  ['junk without end', 'RTSP/1.0 200 OK\r\n\r\n', '\x00'.repeat(1000)],
  ['blank lines without end', '', '\r\n'.repeat(500)],
  ['requests without end', 'RTSP/1.0 200 OK\r\n\r\n', 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(30)],
  ['100 Continue without end', '', 'RTSP/1.0 100 Continue\r\n\r\n'.repeat(30)],
  ['packets of unknown channels without end', '', `$\x63\x03\xe8${'a'.repeat(1000)}`],
];

for (const [what, start, filler] of FLOODS) {
  test(`${what} cost no memory and end in time`, { timeout }, async (t) => {
    const before = process.memoryUsage().rss;
    let peak = 0;
    const begin = performance.now();
    const camera = await ScriptedCamera.start(t, {
      script: {
        DESCRIBE: (_, { socket, send }) => {
          send(start);
          const pour = (): void => {
            while (!socket.destroyed && socket.writableLength < 1 << 20) send(filler);
            peak = Math.max(peak, process.memoryUsage().rss);
            if (!socket.destroyed) setTimeout(pour, 5);
          };
          pour();
          return null;
        },
      },
    });
    const { code } = await watch(t, camera, { openTimeoutMs: 1500 }).session.ended;
    assert.match(code, /^(protocol|open_timeout)$/);
    assert.ok(performance.now() - begin < 6000);
    assert.ok(peak - before < 100 * 1024 * 1024, `${Math.round((peak - before) / 1e6)} MB more`);
  });
}

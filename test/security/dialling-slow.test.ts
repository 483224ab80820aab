import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { childrenOf } from '../../bench/lib/proc.js';
import { startService } from '../../bench/lib/service.js';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { metric, openDecoy, openedCameras, pause, refusal, startTarget, wsPath } from './target.js';
import { until } from '../support/until.js';
import { tempFolder } from '../support/temp-folder.js';

/** What FFmpeg is given to dial, and what it never dials. */

const timeout = 60_000;

/** As much of RTSP as makes FFmpeg ask for the stream and then give up. */
const notFound = (request: string): string =>
  `RTSP/1.0 ${request.startsWith('OPTIONS') ? '200 OK' : '404 Not Found'}\r\nCSeq: ${/CSeq: (\d+)/.exec(request)?.[1] ?? ''}\r\n\r\n`;

test(
  'a path full of shell syntax reaches the camera literally, and no shell sees it',
  { timeout },
  async (t) => {
    const folder = tempFolder(t);
    const camera = await openDecoy(notFound);
    t.after(() => camera.close());
    const service = await startService();
    t.after(() => service.stop());

    const sentinel = join(folder, 'seen');
    const command = `touch\${IFS}${sentinel}`;
    const paths = [
      `;$(${command})`,
      `\`${command}\``,
      `"&${command}&"`,
      `'|${command}|'`,
      `';${command};'`,
      `$(id)<>*?[x]{y}!~`,
    ];
    for (const [i, path] of paths.entries()) {
      const rtsp = `rtsp://127.0.0.1:${camera.port}/${path}`;
      const closed = await refusal(service.port, wsPath({ camera_index: `shell-${i}`, rtsp }));
      assert.equal(closed.code, 4404, closed.reason);
      const asked = camera.contacts.join('\n');
      assert.ok(asked.includes(`DESCRIBE ${rtsp} RTSP/1.0`), `not asked for literally: ${rtsp}\n${asked}`);
    }
    assert.equal(existsSync(sentinel), false, 'a shell ran what a viewer sent');
  },
);

test(
  'FFmpeg gets video on standard input: no address, no password, an empty environment, no protocol but pipes',
  { timeout },
  async (t) => {
    const cameras = await spawnCameras({ width: 160, height: 90, fps: 10 });
    t.after(() => cameras.stop());
    const service = await startService({ env: { AUTH_TOKENS: 'token-of-the-environment' } });
    t.after(() => service.stop());
    const rtsp = cameras.url(0).replace('127.0.0.1', 'localhost');
    const query = wsPath({ camera_index: 'named', rtsp, token: 'token-of-the-environment' }).slice(3);
    const response = await fetch(`${service.url}/snapshot${query}`);
    assert.equal(response.status, 200);
    const [ffmpeg] = childrenOf(service.pid);
    const args = readFileSync(`/proc/${ffmpeg?.pid ?? 0}/cmdline`, 'utf8').split('\0');
    assert.equal(args[args.indexOf('-i') + 1], 'pipe:0');
    assert.equal(args[args.indexOf('-protocol_whitelist') + 1], 'pipe');
    assert.ok(!args.some((arg) => /rtsp:|localhost|127\.0\.0\.1|cam0|token/.test(arg)), args.join(' '));
    assert.equal(readFileSync(`/proc/${ffmpeg?.pid ?? 0}/environ`, 'utf8').replaceAll('\0', ''), '');
  },
);

test(
  'RTSP_DENY and RTSP_ALLOW decide by address and by name, and nothing denied is dialled',
  { timeout },
  async (t) => {
    const camera = await openDecoy(notFound);
    t.after(() => camera.close());
    const at = (host: string): string => `rtsp://${host}:${camera.port}/x`;
    const lists = [
      {
        env: { RTSP_DENY: '127.0.0.0/8', RTSP_ALLOW: '127.0.0.1' },
        denied: [at('127.0.0.1'), at('localhost')],
      },
      // What lies in a denied range is not admitted by a list that merely covers it.
      {
        env: { RTSP_ALLOW: '0.0.0.0/0', RTSP_DENY: 'localhost' },
        denied: [at('LOCALHOST'), 'rtsp://169.254.169.254/'],
      },
      { env: { RTSP_ALLOW: '10.0.0.0/8,cam.example' }, denied: [at('127.0.0.1'), at('localhost')] },
    ];
    for (const { env, denied } of lists) {
      const service = await startService({ env });
      t.after(() => service.stop());
      for (const [i, rtsp] of denied.entries()) {
        const closed = await refusal(service.port, wsPath({ camera_index: `cam-${i}`, rtsp }));
        assert.equal(closed.code, 4403, `${rtsp} with ${JSON.stringify(env)}`);
        assert.match(closed.reason, /: target address is not allowed: see RTSP_ALLOW and RTSP_DENY$/);
        const line = `rtsp_ws_reconnects_total{camera="cam-${i}",reason="target_denied"}`;
        assert.ok((await metric(service, line)) >= 1);
      }
      assert.deepEqual(await openedCameras(service), []);
      await service.stop();
    }
    assert.equal(camera.contacts.length, 0);

    const service = await startService({ env: { RTSP_ALLOW: 'localhost,192.0.2.0/24' } });
    t.after(() => service.stop());
    assert.equal(
      (await refusal(service.port, wsPath({ camera_index: 'a', rtsp: at('localhost') }))).code,
      4404,
    );
    assert.notEqual(camera.contacts.length, 0, 'what the list names is dialled');
  },
);

test('ADHOC_RTSP=off dials nothing that a viewer names', { timeout }, async (t) => {
  const camera = await openDecoy();
  t.after(() => camera.close());
  const service = await startService({ env: { ADHOC_RTSP: 'off' } });
  t.after(() => service.stop());
  const rtsp = `rtsp://127.0.0.1:${camera.port}/x`;
  const closed = await refusal(service.port, wsPath({ camera_index: 'a', rtsp }));
  assert.deepEqual(
    [closed.code, closed.reason],
    [4403, 'only configured cameras may be watched (ADHOC_RTSP=off)'],
  );
  assert.equal(
    (await fetch(`${service.url}/snapshot?camera_index=a&rtsp=${encodeURIComponent(rtsp)}`)).status,
    403,
  );
  assert.equal(camera.contacts.length, 0);
});

test('a name that does not resolve is 4502, and the service goes on', { timeout }, async (t) => {
  const target = await startTarget();
  t.after(() => target.close());
  const closed = await refusal(
    target.service.port,
    wsPath({ camera_index: 'a', rtsp: 'rtsp://camera.invalid/x' }),
  );
  assert.equal(closed.code, 4502);
  assert.match(closed.reason, /cannot resolve the host name/);
  assert.deepEqual(await openedCameras(target.service), ['honest']);
});

for (const { name, path: ffmpeg } of FFMPEGS)
  test(
    `a redirect is not followed by ${name}: nobody is dialled, no credentials are repeated`,
    { timeout },
    async (t) => {
      const other = await openDecoy(notFound);
      t.after(() => other.close());
      const service = await startService({
        env: { FFMPEG_PATH: ffmpeg, RETRY_MIN_MS: '100', RETRY_MAX_MS: '100' },
      });
      t.after(() => service.stop());
      const provoke = async (auth: 'none' | 'basic' | 'digest-qop'): Promise<void> => {
        const cameras = await spawnCameras({ width: 160, height: 90, fps: 5, auth });
        t.after(() => cameras.stop());
        await cameras.fault('cam1', `redirect:rtsp://127.0.0.1:${other.port}/elsewhere`);
        const closed = await refusal(service.port, wsPath({ camera_index: auth, rtsp: cameras.url(0) }));
        assert.equal(closed.code, 4403, closed.reason);
        assert.match(closed.reason, /camera redirects to another address/);
        // It is tried again; what is followed in some tries only would show.
        const line = `rtsp_ws_reconnects_total{camera="${auth}",reason="redirected"}`;
        await until('some more tries', async () => (await metric(service, line)) >= 3);
      };
      await Promise.all([provoke('none'), provoke('basic'), provoke('digest-qop')]);
      await pause(200);
      assert.deepEqual(other.contacts, []);
    },
  );

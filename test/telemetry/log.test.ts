import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { MAX_UNREAD_BYTES } from '../../src/telemetry/log.js';

const timeout = 30_000;
const SECRET = 'S3cr3t-Hunter2';
const log = new URL('../../src/telemetry/log.js', import.meta.url).href;

/** Lines of a process that logs `calls`: the log writes to its own descriptor. */
function linesOf(calls: string): string[] {
  const code = `import { createLog } from ${JSON.stringify(log)}; const log = createLog('debug'); const S = '${SECRET}'; const url = 'rtsp://admin:' + S + '@10.0.0.7/x'; ${calls}`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout.trim().split('\n');
}

test(
  'no field, nested object, name of a field or error carries a password out, and each line is JSON',
  { timeout },
  () => {
    const lines = linesOf(`
    log.info({ event: 'x', url }, 'opening ' + url);
    log.warn({ a: { b: { c: [url, { d: { e: url } }] } } }, 'deep');
    log.error({ error: new Error('cannot open ' + url) }, 'failed');
    log.error(new Error('cannot open ' + url));
    log.info('format %s', url);
    log.info({ password: S, token: S, authToken: S, jwtSecret: S, headers: { authorization: 'Basic ' + S, cookie: 't=' + S } });
    log.info({ [url]: 1, list: ['/ws?token=' + S], map: new Map([[url, url]]), set: new Set([url]) });
    log.info({ text: 'a"b\\n\\u0000\\ud800', number: 1, nothing: null, missing: undefined, fn: () => url });
    const ring = { url }; ring.self = ring; log.info({ ring });
    log.debug({ text: encodeURIComponent(url) });
  `);
    assert.equal(lines.length, 10);
    for (const line of lines) {
      assert.ok(!line.includes(SECRET), line);
      const parsed: unknown = JSON.parse(line);
      assert.ok(typeof parsed === 'object' && parsed !== null && 'level' in parsed && 'time' in parsed);
    }
    assert.match(lines[0] ?? '', /rtsp:\/\/\*\*\*@10\.0\.0\.7\/x/);
    assert.match(lines[2] ?? '', /cannot open/);
  },
);

test(
  'a log that nobody reads stays bounded, drops are counted, and the exit does not wait',
  { timeout },
  async (t) => {
    const code = `
    import { createLog } from ${JSON.stringify(log)};
    let dropped = 0;
    const log = createLog('info', () => dropped++);
    for (let i = 0; i < 20_000; i++) {
      log.info({ i }, 'x'.repeat(400));
      if (i % 100 === 0) await new Promise(setImmediate);
    }
    console.error(dropped);
    log.abandonUnread();
    process.exit(7);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    child.stdout.pause();
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    assert.deepEqual(await once(child, 'exit'), [7, null]);
    const kept = 20_000 - Number(said);
    // The pipe holds some lines too.
    assert.ok(kept * 400 < 2 * MAX_UNREAD_BYTES, `${kept} kept`);
  },
);

test(
  'a full disk costs log lines, counted, and neither the process nor its exit',
  { timeout, skip: process.platform !== 'linux' && 'needs /dev/full' },
  async (t) => {
    const full = openSync('/dev/full', 'w');
    t.after(() => closeSync(full));
    const code = `
    import { createLog } from ${JSON.stringify(log)};
    let dropped = 0;
    const log = createLog('info', () => dropped++);
    for (let i = 0; i < 3000; i++) {
      log.info({ i }, 'x'.repeat(400));
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    process.exit(dropped > 0 ? 7 : 1);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', full, 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    assert.deepEqual(await once(child, 'exit'), [7, null]);
  },
);

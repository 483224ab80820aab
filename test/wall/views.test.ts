import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startService } from '../../bench/lib/service.js';
import { tempFolder } from '../support/temp-folder.js';
import { untilSeen } from '../support/until.js';

const options = { timeout: 30_000 };

const FILE = `cameras:
  - {name: gate, url: "rtsp://127.0.0.1:1/"}
  - {name: yard, url: "rtsp://127.0.0.1:1/"}
`;

test('views are served with their page and follow CONFIG_FILE', options, async (t) => {
  const path = join(tempFolder(t), 'cameras.yaml');
  writeFileSync(
    path,
    `${FILE}views: [{name: all, title: Everything, page_size: 2, dwell: 5, pinned: [yard], fps: 5}]\n`,
  );
  const service = await startService({ env: { CONFIG_FILE: path, AUTH_TOKENS: 'a-token' } });
  t.after(() => service.stop());
  const headers = { Authorization: 'Bearer a-token' };
  const views = async (): Promise<unknown> =>
    ((await (await fetch(`${service.url}/api/views`, { headers })).json()) as { views: unknown }).views;
  assert.deepEqual(await views(), [
    {
      view: 'all',
      title: 'Everything',
      layout: 'auto',
      cameras: ['yard', 'gate'],
      pinned: 1,
      pageSize: 2,
      dwellMs: 5000,
      fps: 5,
    },
  ]);
  assert.equal((await fetch(`${service.url}/api/views`)).status, 401);
  const page = await fetch(`${service.url}/view/all?token=a-token&kiosk=1`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('set-cookie') ?? '', /rtsp_ws_token=a-token/);
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src/);
  assert.equal(await page.text(), await (await fetch(`${service.url}/?token=a-token`)).text());
  assert.equal((await fetch(`${service.url}/view/all`, { method: 'POST' })).status, 405);

  writeFileSync(path, `${FILE}views: [{name: second, cameras: ["ga*"], layout: large}]\n`);
  await untilSeen(
    views,
    (seen) =>
      JSON.stringify(seen) ===
      JSON.stringify([{ view: 'second', title: 'second', layout: 'large', cameras: ['gate'], pinned: 0 }]),
  );
});

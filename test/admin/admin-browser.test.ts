import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { startService } from '../../bench/lib/service.js';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { spawnCameras, type SpawnedCameras } from '../../bench/virtual-camera/index.js';
import { launchChromium } from '../support/chromium.js';
import { until } from '../support/until.js';
import { untilState } from '../wall/open-wall.js';

/** An administrator adds, renames, moves and removes cameras in the page; others see what comes of it. */

const SLOW = { timeout: 40_000 };
const TOKEN = 'administrators-token-0123456789';
const PASSWORD = 'Gehe1m-und-l4ng';

describe('the page of an administrator', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'admin-browser-'));
  const file = join(folder, 'cameras.yaml');
  let cameras: SpawnedCameras;
  let service: ServerProcess;
  let browser: Browser;
  let page: Page;
  /** Every body that came to the browser. */
  const bodies: string[] = [];
  const complaints: string[] = [];

  const tiles = (of: Page): Promise<string[]> =>
    of.evaluate(`[...document.querySelectorAll('camera-tile')].map((tile) => tile.camera)`);
  const read = (): string => readFileSync(file, 'utf8');

  before(async () => {
    cameras = await spawnCameras({ count: 2, width: 320, height: 180, fps: 10, gop: 5 });
    writeFileSync(file, `cameras:\n  - name: gate # north\n    url: ${cameras.url(0)}\n`);
    service = await startService({ env: { CONFIG_FILE: file, ADMIN_TOKENS: TOKEN } });
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 720 }, locale: 'en-GB' });
    page.on('response', (response) => {
      if (response.request().resourceType() === 'fetch')
        void response.text().then(
          (text) => bodies.push(text),
          () => undefined,
        );
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (/Content Security|Refused to/.test(message.text())) complaints.push(message.text());
    });
    await page.goto(service.url);
    await untilState(page, 'gate', 'live', 30_000);
  });
  after(async () => {
    await browser.close();
    await service.stop();
    await cameras.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a camera that is kept is in the file, and on the walls of others', SLOW, async (t) => {
    const other = await browser.newPage();
    t.after(() => other.close());
    await other.goto(service.url);
    await page.keyboard.press('a');
    const form = page.locator('dialog[open]');
    await form
      .getByLabel('RTSP address')
      .fill(cameras.url(1).replace('rtsp://', `rtsp://viewer:${PASSWORD}@`));
    await form.getByLabel('Name (optional)').fill('Back yard');
    assert.match(await form.innerText(), /kept in this browser tab/);
    await form.getByLabel(/Keep it in the configuration/).check();
    assert.doesNotMatch(await form.innerText(), /kept in this browser tab/, 'it goes into the file');
    await form.getByLabel('Administrator’s token').fill('wrong');
    await page.keyboard.press('Enter');
    await until('it is refused', async () =>
      /not an administrator/.test(await form.getByRole('alert').innerText()),
    );
    assert.ok(!read().includes('back-yard'));
    await form.getByLabel('Administrator’s token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await form.waitFor({ state: 'detached' }).catch(() => undefined);
    await until('it is in the file', () => read().includes('title: Back yard'));
    assert.match(read(), /name: gate # north/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const name = /- name: (\S+)\n {4}title: Back yard/.exec(read())?.[1] ?? '';
    await untilState(page, name, 'live', 15_000);
    await untilState(other, name, 'live', 15_000);
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...sessionStorage }, { ...localStorage }])',
    );
    assert.ok(!stored.includes(PASSWORD) && !stored.includes(TOKEN), 'nothing of it is kept in the browser');
  });

  test('cameras are renamed, moved and removed by the keyboard', SLOW, async (t) => {
    const before = await tiles(page);
    assert.equal(before.length, 2);
    await page.evaluate(`location.hash = 'order=${before.join()}'`);
    const enlarged = await browser.newPage();
    t.after(() => enlarged.close());
    await enlarged.goto(service.url);
    await untilState(enlarged, 'gate', 'live', 15_000);
    await enlarged.locator('li:has(> camera-tile[camera="gate"]) > .hit').click();
    await enlarged.locator('li.large > camera-tile[camera="gate"]').waitFor();
    await page.locator('.grid .hit').first().focus();
    await page.keyboard.press('m');
    const dialog = page.locator('dialog.manage');
    await dialog.locator('li').nth(1).waitFor();
    await dialog.getByLabel('Title of gate').fill('Main gate');
    await page.keyboard.press('Tab');
    await until('it is saved', () => read().includes('title: Main gate'));
    await dialog.getByRole('status').filter({ hasText: 'Saved.' }).waitFor();
    const viewer = new WebSocket(`${service.url.replace('http', 'ws')}/ws?camera_index=gate`);
    const closed = once(viewer, 'close');
    await once(viewer, 'message');
    await dialog.getByLabel('Name of gate').fill('north');
    await page.keyboard.press('Enter');
    await until('it is renamed', () => read().includes('name: north # north'));
    const [code, reason] = (await closed) as [number, Buffer];
    assert.deepEqual([code, reason.toString()], [4404, 'camera gate is named north now: ask for that name']);
    const old = await fetch(`${service.url}/snapshot?camera_index=gate`);
    assert.deepEqual([old.status, ((await old.json()) as { error: string }).error], [404, 'camera_renamed']);
    await dialog.getByRole('button', { name: 'Move north down' }).focus();
    await page.keyboard.press('Enter');
    await until('it is moved', () => read().indexOf('name: north') > read().indexOf('Back yard'));
    await dialog.getByLabel('Name of north').fill('not a name');
    await page.keyboard.press('Enter');
    await until('it is refused', async () =>
      /^name: must be/.test(await dialog.getByRole('alert').innerText()),
    );
    await page.keyboard.press('Escape');
    await untilState(page, 'north', 'live', 15_000);
    // In its place, though it is the last of the file now; and so do links that were sent before.
    const now = before.map((name) => (name === 'gate' ? 'north' : name));
    const other = await browser.newPage();
    t.after(() => other.close());
    await other.goto(`${service.url}#order=${before.join()}`);
    for (const screen of [page, other]) {
      await until('it has its place', async () => String(await tiles(screen)) === String(now));
      assert.equal(await screen.evaluate('location.hash'), `#order=${now.join()}`);
    }
    await enlarged.locator('li.large > camera-tile[camera="north"]').waitFor({ timeout: 15_000 });

    await page.keyboard.press('m');
    await dialog.getByRole('button', { name: /^Remove north/ }).focus();
    await page.keyboard.press('Enter');
    assert.ok(read().includes('north'), 'it asks once more');
    await page.keyboard.press('Enter');
    await until('it is removed', () => !read().includes('name: north'));
    await page.keyboard.press('Escape');
    await until('its tile is gone', async () => (await tiles(page)).length === 1);
  });

  test('what somebody else has changed meanwhile is shown, and not overwritten', SLOW, async () => {
    await page.keyboard.press('m');
    const dialog = page.locator('dialog.manage');
    const title = dialog.locator('li input').first();
    await title.waitFor();
    const theirs = read().replace('Back yard', 'Edited by hand');
    writeFileSync(file, theirs);
    await title.fill('Mine');
    await page.keyboard.press('Enter');
    await until('it is told', async () => /Somebody else/.test(await dialog.getByRole('alert').innerText()));
    assert.equal(read(), theirs);
    assert.equal(await dialog.locator('li input').first().inputValue(), 'Edited by hand');
    await page.keyboard.press('Escape');
  });

  test('no password came to the browser, and none is in the page', SLOW, async () => {
    assert.ok(bodies.some((body) => body.includes('revision')));
    assert.ok(!bodies.join('\n').includes(PASSWORD));
    assert.ok(!(await page.content()).includes(PASSWORD));
    assert.equal(
      await page.evaluate(
        `[...document.querySelectorAll('input')].map((i) => i.value).join('').includes('${PASSWORD}')`,
      ),
      false,
    );
    assert.ok(!service.log().includes(PASSWORD));
    assert.deepEqual(complaints, []);
  });

  test('without administrators there is nothing to manage', SLOW, async (t) => {
    const plain = await startService({ env: { CONFIG_FILE: file } });
    t.after(() => plain.stop());
    const other = await browser.newPage();
    t.after(() => other.close());
    await other.goto(plain.url);
    await other.locator('camera-tile').first().waitFor();
    assert.equal(await other.locator('.bar .manage').isVisible(), false);
    await other.keyboard.press('a');
    assert.equal(await other.getByLabel(/Keep it/).isVisible(), false);
    assert.equal(await other.locator('dialog[open] input[type=password]').isVisible(), false);
  });
});

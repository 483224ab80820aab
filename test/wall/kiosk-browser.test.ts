import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { type CutProxy, startCutProxy } from '../../bench/lib/cut-proxy.js';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { startService } from '../../bench/lib/service.js';
import { spawnCameras, type SpawnedCameras } from '../../bench/virtual-camera/index.js';
import { launchChromium } from '../support/chromium.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';
import { FakeWallServer } from './fake-server.js';
import { untilState } from './open-wall.js';
import { allSay, shown, watchedBy, watchScreen } from './screen-watch.js';

/** A screen that nobody operates, over the real service, with a network in between that can be cut. */

const SLOW = { timeout: 60_000 };
const CAMERAS = 5;
/** Two pages of two cameras beside the pinned one. The next page is prepared four seconds before its turn. */
const DWELL_MS = 5000;
const VIEW = { name: 'hall', title: 'Hall', page_size: 3, dwell: DWELL_MS / 1000, pinned: ['cam5'] };

interface Listed {
  readonly camera: string;
  readonly viewers: number;
  readonly state: string;
}

describe('a kiosk', { timeout: 150_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kiosk-'));
  const file = join(folder, 'cameras.yaml');
  let cameras: SpawnedCameras;
  let service: ServerProcess;
  let network: CutProxy;
  let browser: Browser;
  let page: Page;

  const start = (port: number): Promise<ServerProcess> =>
    startService({ env: { CONFIG_FILE: file, LINGER_MS: '0', PORT: String(port) } });
  const listed = async (): Promise<readonly Listed[]> =>
    ((await (await fetch(`${service.url}/api/cameras`)).json()) as { cameras: Listed[] }).cameras;

  before(async () => {
    cameras = await spawnCameras({ count: CAMERAS, width: 320, height: 180, fps: 10, gop: 5 });
    const entries = cameras.urls.map((url, i) => ({ name: `cam${i + 1}`, url }));
    writeFileSync(file, JSON.stringify({ cameras: entries, views: [VIEW, { name: 'all' }] }));
    service = await start(await freePort());
    network = await startCutProxy(service.port);
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 720 }, locale: 'en-GB' });
    await page.goto(`http://127.0.0.1:${network.port}/view/hall?kiosk=1`);
    await allSay(page, 'live', 30_000);
    // A reload would lose it.
    await page.evaluate('window.loadedOnce = true');
  });
  after(async () => {
    await browser.close();
    await network.stop();
    await service.stop();
    await cameras.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('shows pictures and nothing to click away', SLOW, async () => {
    assert.equal(await page.locator('header.bar').count(), 0, 'no toolbar');
    assert.equal(await page.locator('button:visible').count(), 0);
    assert.equal(await page.evaluate('getComputedStyle(document.body).cursor'), 'none');
    const before = await shown(page);
    await page.mouse.click(200, 200);
    await page.mouse.click(200, 200, { button: 'right' });
    for (const key of ['Enter', 'a', 'Delete', '?', 'f']) await page.keyboard.press(key);
    assert.equal(await page.locator('li.large, dialog[open]').count(), 0);
    assert.equal((await shown(page)).length, before.length);
  });

  test(
    'cameras that are away are closed, and come back without a black tile while the pinned one stays',
    SLOW,
    async () => {
      // Only between a turn and the moment in which the next page is prepared, the cameras of one page alone are open.
      const open: string[][] = [];
      for (let turn = 0; turn < 3; turn += 1) {
        await sleep(DWELL_MS - ((Date.now() - 700) % DWELL_MS));
        // The first turn may have come before its page could be prepared.
        if (turn === 0) await watchScreen(page);
        const [now, all] = await Promise.all([shown(page), listed()]);
        const watched = all.filter(({ viewers }) => viewers > 0).map(({ camera }) => camera);
        assert.deepEqual(watched.sort(), [...now].sort());
        assert.equal(now[0], 'cam5');
        open.push(watched);
      }
      const { faults, seen } = await watchedBy(page);
      assert.deepEqual(faults, []);
      assert.equal(seen.length, CAMERAS);
      assert.deepEqual(open[2], open[0], 'the first page has come back');
    },
  );

  test('says on the picture that it is cut off, and comes back when the network does', SLOW, async () => {
    network.cut('reset');
    await allSay(page, 'link');
    const tile = page.locator('li:not(.next, .away) > camera-tile').first();
    assert.match(await tile.locator('.why').innerText(), /No connection to the server/);
    network.mend();
    await allSay(page, 'live');
    // A cable that is pulled: nobody is told, frames just stay away.
    network.cut('silent');
    await untilState(page, 'cam5', 'stale');
    assert.match(await tile.locator('.badge').innerText(), /Stale \d+ s/);
    network.mend();
    await allSay(page, 'live');
    assert.equal(await page.evaluate('window.loadedOnce'), true);
  });

  test('comes back after a restart of the server', SLOW, async () => {
    const { port } = service;
    await service.stop();
    await allSay(page, 'link');
    service = await start(port);
    await allSay(page, 'live', 25_000);
    assert.equal(await page.evaluate('window.loadedOnce'), true, 'the same page: the server has no other');
  });

  test('says what is wrong when it has no tiles to say it on', SLOW, async (t) => {
    const server = await FakeWallServer.start();
    t.after(() => server.close());
    server.listStatus = 401;
    const other = await browser.newPage({ locale: 'en-GB' });
    t.after(() => other.close());
    await other.goto(`${server.url}view/hall?kiosk=1`);
    const said = (words: RegExp): Promise<true> =>
      until(`it says ${words.source}`, async () => words.test(await other.locator('.empty').innerText()));
    await said(/access token is missing/);
    server.cut(false);
    await said(/No connection to the server/);
  });

  test('reloads itself once when the server has another version of the page', SLOW, async (t) => {
    const server = await FakeWallServer.start();
    t.after(() => server.close());
    server.add('a', 'A');
    const other = await browser.newPage();
    t.after(() => other.close());
    let loads = 0;
    other.on('load', () => (loads += 1));
    await other.goto(`${server.url}?kiosk=1`);
    await allSay(other, 'live');
    server.cut(true);
    await until('it is connected again', () => server.connections === 2);
    await allSay(other, 'live');
    assert.equal(loads, 1, 'a server of the same version reloads nothing');
    server.pageVersion = 'another';
    server.cut(true);
    await until('it was reloaded', () => loads === 2);
    // This server gives out the old page all the same, as one of two behind a balancer does.
    await allSay(other, 'live');
    await sleep(1500);
    assert.equal(loads, 2, 'not again and again');
  });
});

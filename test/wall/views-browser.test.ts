import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { until } from '../support/until.js';
import { FakeWallServer } from './fake-server.js';
import { untilState } from './open-wall.js';
import { installClock } from './page-clock.js';
import { noteTurns, sameShare, turnsOf } from './page-turns.js';
import { allSay, lookAtTiles, shown, watchedBy, watchScreen } from './screen-watch.js';

const SLOW = { timeout: 60_000 };
const DWELL_MS = 1500;
/** Of the sequence of 100, whose time is the test's. The next page is prepared so long before its turn. */
const LONG_DWELL_MS = 10_000;
const LEAD_MS = 8000;
const NEXT_IS_LIVE = `((tiles) => tiles.length === 14 && tiles.every((tile) => tile.getAttribute('state') === 'live'))(
  [...document.querySelectorAll('li.next > camera-tile')])`;
const cameraNames = (count: number): string[] => Array.from({ length: count }, (_, at) => `c${at + 1}`);

describe('views', { timeout: 150_000 }, () => {
  let browser: Browser;

  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  async function serve(t: TestContext, count: number, views: readonly object[]): Promise<FakeWallServer> {
    const server = await FakeWallServer.start(10);
    t.after(() => server.close());
    for (const name of cameraNames(count)) server.add(name, `Camera ${name}`);
    server.views = views.map((view) => ({ title: 'A view', layout: 'auto', pinned: 0, ...view }));
    return server;
  }

  async function newPage(t: TestContext): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, locale: 'en-GB' });
    t.after(() => page.close());
    return page;
  }

  async function open(t: TestContext, url: string): Promise<Page> {
    const page = await newPage(t);
    await page.goto(url);
    return page;
  }

  /** The page asks for cameras and views as soon as it is shown again, not only every five seconds. */
  const lookAgain = (page: Page): Promise<unknown> =>
    page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);

  test(
    '100 cameras turn through a page of 16 without a black tile, and pinned ones stay untouched',
    SLOW,
    async (t) => {
      const names = cameraNames(100);
      const server = await serve(t, 100, [
        { view: 'all', cameras: names, pinned: 2, pageSize: 16, dwellMs: LONG_DWELL_MS },
      ]);
      const page = await newPage(t);
      const clock = await installClock(page);
      const untilTurn = async (): Promise<number> => LONG_DWELL_MS - ((await clock.now()) % LONG_DWELL_MS);
      await page.goto(`${server.url}view/all`);
      await allSay(page, 'live');
      // Beforehand: this process encodes, and the page must not wait for that.
      const { width = 0, height = 0 } = server.subscriptions[0] ?? {};
      for (const camera of server.cameras.values()) camera.frame(`${width}x${height}`, 0);
      await page.evaluate(`window.pinned = [...document.querySelectorAll('camera-tile')].slice(0, 2)`);
      await watchScreen(page);
      const pages = [await shown(page)];
      for (let turn = 1; turn <= 7; turn += 1) {
        await clock.advance(Math.max(1, (await untilTurn()) - LEAD_MS + 1));
        await until('the next page is ready', () => page.evaluate<boolean>(NEXT_IS_LIVE), 15_000);
        const open = names.filter((name) => server.cameras.get(name)?.viewers.size);
        assert.deepEqual(await shown(page), pages.at(-1), 'not before its time');
        assert.ok(
          open.length <= 16 + 14,
          `${open.length}: a page and the next are open, the others cost nothing`,
        );
        await clock.advance((await untilTurn()) + 1);
        await until('it has turned', async () => String(await shown(page)) !== String(pages.at(-1)));
        const looks = await lookAtTiles(page);
        assert.equal(looks.length, 16);
        for (const { camera, brightness } of looks)
          assert.ok(brightness > 40, `${camera} is dark: ${brightness}`);
        pages.push(await shown(page));
      }
      const watched = await watchedBy(page);
      t.diagnostic(`${watched.frames} frames, ${watched.seen.length} cameras shown`);
      assert.deepEqual(watched.faults, []);
      assert.equal(watched.seen.length, 100);
      assert.deepEqual(pages[7], pages[0], 'the first page has come back');
      assert.equal(
        await page.evaluate(
          `pinned.every((tile, at) => tile === document.querySelectorAll('camera-tile')[at])`,
        ),
        true,
      );
      for (const name of ['c1', 'c2'])
        assert.equal(
          server.subscriptions.filter(({ camera }) => camera === name).length,
          1,
          `${name} was left alone`,
        );
      assert.equal(server.connections, 1);
    },
  );

  test('two screens show the same page at one moment, though the clock of one is wrong', SLOW, async (t) => {
    const server = await serve(t, 12, [
      { view: 'all', cameras: cameraNames(12), pageSize: 4, dwellMs: DWELL_MS },
    ]);
    const screens = [await newPage(t), await newPage(t)] as const;
    // By 25 turns and a bit more: one page of the three.
    await screens[1].context().addCookies([server.clockAhead(25.2 * DWELL_MS)]);
    await Promise.all([
      screens[0].goto(`${server.url}view/all`),
      screens[1].goto(`${server.url}view/all?kiosk=1`),
    ]);
    for (const screen of screens) await allSay(screen, 'live');
    await Promise.all(screens.map(noteTurns));
    await until('each has turned through all pages', async () => {
      const turns = await Promise.all(screens.map(turnsOf));
      return turns.every((all) => new Set(all.map(({ shown }) => shown)).size === 3);
    });
    const same = sameShare(await turnsOf(screens[0]), await turnsOf(screens[1]));
    t.diagnostic(`they showed the same for ${(100 * same).toFixed(0)} % of the time`);
    assert.ok(same > 0.6, `${same}`);
  });

  test(
    'a large tile stands beside small ones, in more pixels and at the rate of the view',
    SLOW,
    async (t) => {
      const server = await serve(t, 6, [
        { view: 'gate', cameras: cameraNames(6), layout: 'large', fps: 5, quality: 40 },
      ]);
      const page = await open(t, `${server.url}view/gate`);
      await allSay(page, 'live');
      const widths = await page.evaluate<number[]>(
        `[...document.querySelectorAll('li')].map((item) => item.getBoundingClientRect().width)`,
      );
      assert.ok((widths[0] ?? 0) > 1.9 * (widths[1] ?? 0), widths.join());
      assert.equal(new Set(widths.slice(1)).size, 1);
      const asked = new Map(server.subscriptions.map((request) => [request.camera, request]));
      assert.deepEqual([asked.get('c1')?.fps, asked.get('c1')?.quality, asked.get('c2')?.fps], [5, 40, 5]);
    },
  );

  test('a page does not turn away from a camera that fills the screen', SLOW, async (t) => {
    const server = await serve(t, 6, [
      { view: 'all', cameras: cameraNames(6), pageSize: 2, dwellMs: DWELL_MS },
    ]);
    const page = await open(t, `${server.url}view/all`);
    await allSay(page, 'live');
    await page.locator('li:not(.next, .away) > .hit').first().click();
    const before = await shown(page);
    await sleep(1.5 * DWELL_MS);
    assert.deepEqual(await shown(page), before);
    await page.keyboard.press('Escape');
    await until('it turns again', async () => String(await shown(page)) !== String(before));
  });

  test('the menu offers the views, and leads to one and back', SLOW, async (t) => {
    const server = await serve(t, 4, [{ view: 'two', title: 'Only two', cameras: ['c2', 'c1'] }]);
    const page = await open(t, server.url);
    await page.locator('.views').selectOption('Only two');
    await page.waitForURL('**/view/two');
    await allSay(page, 'live');
    assert.deepEqual(await shown(page), ['c2', 'c1']);
    assert.equal(await page.title(), 'Only two');
    assert.equal(await page.locator('.bar .add').isVisible(), false);
    for (const key of ['a', 'Delete', '+']) await page.keyboard.press(key);
    assert.deepEqual(await shown(page), ['c2', 'c1'], 'a view is changed in the configuration alone');
    server.views = [
      { view: 'two', title: 'Three now', layout: 'auto', pinned: 0, cameras: ['c3', 'c2', 'c1'] },
    ];
    await lookAgain(page);
    await untilState(page, 'c3', 'live');
    assert.equal(await page.locator('.views option').last().innerText(), 'Three now');
    await page.locator('.views').selectOption('All cameras');
    await page.waitForURL((url) => url.pathname === '/');
    await untilState(page, 'c4', 'live');
  });

  test('on a phone the whole bar is on the screen, and the large tile is below it', SLOW, async (t) => {
    const server = await serve(t, 2, [{ view: 'gates', title: 'Gates', cameras: cameraNames(2) }]);
    const page = await browser.newPage({
      viewport: { width: 360, height: 640 },
      isMobile: true,
      hasTouch: true,
      locale: 'es',
    });
    t.after(() => page.close());
    await page.goto(server.url);
    await allSay(page, 'live');
    await page.locator('.hit').first().tap();
    await page.locator('li.large').waitFor();
    const box = async (selector: string): Promise<{ top: number; right: number; bottom: number }> => {
      const found = await page.locator(selector).boundingBox();
      assert.ok(found, `${selector} is on the page`);
      return { top: found.y, right: found.x + found.width, bottom: found.y + found.height };
    };
    for (const part of ['.views', '.back', '.remove', '.full', '.summary', 'li.large'])
      assert.ok((await box(`${part}:visible`)).right <= 360, part);
    await until('the large tile is below the bar', async () => {
      return (await box('li.large')).top >= (await box('header.bar')).bottom;
    });
    assert.equal((await box('li.large')).bottom, 640);
  });

  test('a view that is not there says so, and is shown when it comes', SLOW, async (t) => {
    const server = await serve(t, 2, []);
    const page = await open(t, `${server.url}view/later?kiosk=1`);
    await until('it says so', async () => /No such view/.test(await page.locator('.empty').innerText()));
    server.views = [{ view: 'later', title: 'L', layout: 'auto', pinned: 0, cameras: ['c1'] }];
    await lookAgain(page);
    await untilState(page, 'c1', 'live');
    assert.equal(await page.locator('.empty').isVisible(), false);
  });
});

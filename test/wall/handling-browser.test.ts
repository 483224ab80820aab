import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { openWall, type OpenWall, untilState } from './open-wall.js';
import { until } from '../support/until.js';

/** What a person does with the wall page by mouse, finger and keyboard: another order, full screen. */

const SLOW = { timeout: 40_000 };
const NAMES = ['a', 'b', 'c', 'd'];

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Names of the tiles as they are shown. */
const shown = (page: Page): Promise<string[]> =>
  page.evaluate('[...document.querySelectorAll("camera-tile")].map((tile) => tile.camera)');

/** What the page's link keeps; `page.url()` lags behind. */
const hash = (page: Page): Promise<string> => page.evaluate('location.hash');

/** Name of the camera whose tile has the keyboard's focus; empty when none has. */
const focused = (page: Page): Promise<string> =>
  page.evaluate('document.activeElement?.closest("li")?.querySelector("camera-tile").camera ?? ""');

const isFull = (page: Page): Promise<boolean> => page.evaluate('document.fullscreenElement !== null');

async function middle(page: Page, camera: string): Promise<Point> {
  const box = await page.locator(`camera-tile[camera="${camera}"]`).boundingBox();
  assert.ok(box);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Lifts a tile with the mouse and holds it over another one. */
async function dragOver(page: Page, camera: string, over: string): Promise<void> {
  const from = await middle(page, camera);
  const to = await middle(page, over);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 8 });
}

describe('handling the wall', { timeout: 140_000 }, () => {
  let browser: Browser;

  before(async () => {
    browser = await launchChromium();
  });

  after(() => browser.close());

  /** Four cameras, two by two, all live. */
  async function openFour(t: TestContext, options: BrowserContextOptions = {}): Promise<OpenWall> {
    const wall = await openWall(
      t,
      browser,
      NAMES.map((name) => [name, `Camera ${name}`]),
      options,
    );
    for (const name of NAMES) await untilState(wall.page, name, 'live');
    return wall;
  }

  test(
    'a dragged tile takes the place it is dropped on, and the link opens the same order elsewhere',
    SLOW,
    async (t) => {
      const { server, page, complaints } = await openFour(t);
      await dragOver(page, 'a', 'd');
      assert.deepEqual(await shown(page), ['b', 'c', 'd', 'a']);
      assert.equal(await hash(page), '', 'not before it is dropped');
      await page.mouse.up();
      assert.deepEqual(await shown(page), ['b', 'c', 'd', 'a']);
      assert.equal(await hash(page), '#order=b,c,d,a');
      await dragOver(page, 'd', 'b');
      await page.mouse.up();
      assert.equal(await hash(page), '#order=d,b,c,a');

      assert.equal(await page.locator('.large').count(), 0, 'a drop is no click');
      assert.equal(await page.locator('.dragged').count(), 0);
      assert.equal(server.subscriptions.length, NAMES.length, 'a moved tile is not asked for anew');
      for (const name of NAMES) await untilState(page, name, 'live');
      assert.deepEqual(complaints, []);

      const other = await browser.newPage();
      t.after(() => other.close());
      await other.goto(await page.evaluate('location.href'));
      await untilState(other, 'a', 'live');
      assert.deepEqual(await shown(other), ['d', 'b', 'c', 'a']);
      await other.evaluate('location.hash = "#order=c"');
      await until('a link in the open page', async () => (await shown(other)).join() === 'c,a,b,d');
    },
  );

  test('a held tile stays where it is held when the list of cameras changes meanwhile', SLOW, async (t) => {
    const { server, page } = await openFour(t);
    await dragOver(page, 'a', 'c');
    server.add('e', 'Camera e');
    await untilState(page, 'e', 'live');
    assert.deepEqual(await shown(page), ['b', 'c', 'a', 'd', 'e']);
    await page.mouse.up();
    assert.equal(await hash(page), '#order=b,c,a,d,e');

    await dragOver(page, 'b', 'c');
    server.cameras.delete('b');
    await until('its camera is gone', async () => !(await shown(page)).includes('b'));
    const { x, y } = await middle(page, 'd');
    await page.mouse.move(x, y);
    await page.mouse.up();
    assert.deepEqual(await shown(page), ['c', 'a', 'd', 'e']);
  });

  test('a dropped tile has the focus, and Enter makes it large wherever the drag ended', SLOW, async (t) => {
    const { page } = await openFour(t);
    await dragOver(page, 'a', 'b');
    // Over no tile: the browser sends the click that ends the drag to the page, not to the tiles.
    await page.mouse.move(600, 10, { steps: 4 });
    await page.mouse.up();
    assert.equal(await hash(page), '#order=b,a,c,d');
    assert.equal(await focused(page), 'a');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.large camera-tile').getAttribute('camera', { timeout: 5000 }), 'a');
  });

  test('a finger drags after a long press, and scrolls without one', SLOW, async (t) => {
    // So low that the second row is cut off: the wall scrolls.
    const { page } = await openFour(t, { hasTouch: true, viewport: { width: 360, height: 220 } });
    const cdp = await page.context().newCDPSession(page);
    const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', point?: Point): Promise<void> => {
      await cdp.send('Input.dispatchTouchEvent', { type, touchPoints: point ? [point] : [] });
    };
    const scrolled = (): Promise<number> => page.evaluate('document.querySelector("main").scrollTop');
    const [from, to] = [await middle(page, 'c'), await middle(page, 'a')];
    const moves = (): Promise<void>[] =>
      [0.2, 0.4, 0.6, 0.8, 1].map((part) =>
        touch('touchMove', { x: from.x, y: from.y + (to.y - from.y) * part }),
      );

    await touch('touchStart', from);
    await page.locator('.dragged').waitFor();
    await Promise.all(moves());
    await until('the tile is over there', async () => (await shown(page)).join() === 'c,a,b,d');
    await touch('touchEnd');
    await until('the order is in the link', async () => (await hash(page)) === '#order=c,a,b,d');
    assert.equal(await scrolled(), 0, 'the wall does not scroll under a tile that is dragged');
    assert.equal(await page.locator('.large').count(), 0);

    // Without a wait between them: on a busy machine that would become a long press.
    await Promise.all([touch('touchStart', from), ...moves(), touch('touchEnd')]);
    await until('it scrolls', async () => (await scrolled()) > 0);
    assert.deepEqual(await shown(page), ['c', 'a', 'b', 'd']);
  });

  test('Shift and an arrow move a tile, the focus goes along, and the ends are ends', SLOW, async (t) => {
    const { page } = await openFour(t);
    await page.locator('.hit').nth(1).focus();
    await page.keyboard.press('Shift+ArrowRight');
    assert.equal(await hash(page), '#order=a,c,b,d');
    assert.equal(await focused(page), 'b');
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('Shift+ArrowLeft');
    assert.deepEqual(await shown(page), ['b', 'a', 'c', 'd']);
    assert.equal(await hash(page), '#order=b,a,c,d');
    assert.equal(await focused(page), 'b');
  });

  test('Full screen shows the tiles alone, and F leaves it', SLOW, async (t) => {
    const { page } = await openFour(t);
    const bar = page.locator('header');
    await page.getByRole('button', { name: 'Full screen' }).click();
    await until('full screen', () => isFull(page));
    assert.equal(await bar.isVisible(), false);
    await page.keyboard.press('f');
    await until('left', async () => !(await isFull(page)));
    assert.equal(await bar.isVisible(), true);
    for (const name of NAMES) await untilState(page, name, 'live');
  });

  test('a large tile fills the full screen to its edges', SLOW, async (t) => {
    const { page } = await openFour(t);
    await page.locator('.hit').first().focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('f');
    await until('full screen', () => isFull(page));
    const large = page.locator('.large camera-tile');
    const size = await page.evaluate<{ width: number; height: number }>(
      '({ width: innerWidth, height: innerHeight })',
    );
    await until('it fills the screen', async () => {
      const box = await large.boundingBox();
      return box?.x === 0 && box.y === 0 && box.width === size.width && box.height === size.height;
    });
    await page.keyboard.press('f');
    await until('left', async () => !(await isFull(page)));
    assert.equal((await large.boundingBox())?.width, 1280);
    await page.keyboard.press('Escape');
    assert.equal(await large.count(), 0);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { untilState } from './open-wall.js';
import { FakeWallServer } from './fake-server.js';

const SLOW = { timeout: 40_000 };
const CAMERAS = Array.from({ length: 16 }, (_, at) => `c${at + 1}`);

/** In every frame of the page: which tiles say live, or show the green dot, over a canvas without a picture. */
const WATCH = `(() => {
  window.lies = [];
  window.looked = 0;
  const copy = new OffscreenCanvas(8, 8).getContext('2d', { willReadFrequently: true });
  const hasPicture = (canvas) => {
    copy.clearRect(0, 0, 8, 8);
    copy.drawImage(canvas, 0, 0, 8, 8);
    const { data } = copy.getImageData(0, 0, 8, 8);
    return data[3] === 255 && Math.max(...data.filter((_, at) => at % 4 !== 3)) > 20;
  };
  const look = () => {
    for (const tile of document.querySelectorAll('camera-tile')) {
      const dot = getComputedStyle(tile.shadowRoot.querySelector('.dot')).display !== 'none';
      if (!dot && tile.getAttribute('state') !== 'live') continue;
      looked += 1;
      if (!hasPicture(tile.shadowRoot.querySelector('canvas'))) lies.push(tile.camera + ' after ' + performance.now());
    }
    requestAnimationFrame(look);
  };
  addEventListener('DOMContentLoaded', look);
})()`;

describe('the picture of a tile', { timeout: 60_000 }, () => {
  let browser: Browser;

  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  test('is on the screen before the tile says live', SLOW, async (t) => {
    const server = await FakeWallServer.start(10);
    t.after(() => server.close());
    for (const camera of CAMERAS) server.add(camera, camera);
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    t.after(() => page.close());
    await page.addInitScript(WATCH);
    for (let round = 0; round < 3; round += 1) {
      await page.goto(server.url);
      for (const camera of CAMERAS) await untilState(page, camera, 'live');
      assert.deepEqual(await page.evaluate('lies'), []);
      assert.ok((await page.evaluate<number>('looked')) > 0);
    }
  });

  test('is awaited by name when the camera is live and none has come', SLOW, async (t) => {
    const server = await FakeWallServer.start(10);
    t.after(() => server.close());
    const camera = server.add('gate', 'Gate');
    camera.running = false;
    const page = await browser.newPage({ viewport: { width: 640, height: 400 }, locale: 'en-GB' });
    t.after(() => page.close());
    await page.addInitScript(WATCH);
    await page.goto(server.url);
    await untilState(page, 'gate', 'waiting');
    const tile = page.locator('camera-tile');
    assert.equal(await tile.locator('.what').innerText(), 'Waiting');
    assert.match(await tile.locator('.todo').innerText(), /on the way/);
    await page.locator('.hit').click();
    assert.equal(await tile.getAttribute('state'), 'waiting');
    camera.running = true;
    await untilState(page, 'gate', 'live');
    assert.deepEqual(await page.evaluate('lies'), []);
  });
});

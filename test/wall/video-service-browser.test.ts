import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { spawnCameras, type SpawnedCameras } from '../../bench/virtual-camera/index.js';
import { launchChromium } from '../support/chromium.js';
import { openConfiguredService, type ConfiguredService } from '../support/configured-service.js';
import { until } from '../support/until.js';
import { pureColours } from './canvas-colours.js';
import { type SeenPicture, seenPictures, watchCanvases } from './canvas-watch.js';
import { untilState } from './open-wall.js';

/** Video from a camera through the real service to the canvas. */

const options = { timeout: 60_000 };
/** Longest wait for anything: a moment on an idle machine. */
const WITHIN_MS = 25_000;
const SMALL = { width: 320, height: 180, fps: 10 } as const;
const LARGE = { width: 640, height: 360, fps: 10 } as const;

describe('video from the service to the canvas', { timeout: 180_000 }, () => {
  let configured: ConfiguredService;
  let main: SpawnedCameras;
  let browser: Browser;
  let page: Page;
  const undo: (() => unknown)[] = [];

  before(async () => {
    main = await spawnCameras({ ...LARGE, name: 'main' });
    undo.push(() => main.stop());
    configured = await openConfiguredService({ ...SMALL, count: 2 }, { LINGER_MS: '2000' }, main.urls);
    undo.push(() => configured.stop());
    browser = await launchChromium();
    undo.push(() => browser.close());
    page = await browser.newPage({ viewport: { width: 800, height: 500 }, locale: 'en-GB' });
    await watchCanvases(page);
    await page.goto(configured.service.url);
  }, options);
  after(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  }, options);

  const untilVideo = (camera: string): Promise<unknown> =>
    until(
      `${camera} shows video`,
      async () =>
        (await page.evaluate(`document.querySelector('camera-tile[camera=${camera}]')?.form`)) === 'h264',
      WITHIN_MS,
    );

  const untilWidth = (camera: string, width: number): Promise<unknown> =>
    until(
      `${camera} is ${width} pixels wide`,
      async () => (await seenPictures(page, camera)).at(-1)?.width === width,
      WITHIN_MS,
    );

  /** From the first picture on there is always one, whole, and never one from before the last. */
  function judge(seen: readonly SeenPicture[]): void {
    const shown = seen.slice(seen.findIndex(({ dark }) => !dark));
    assert.ok(shown.length > 0);
    assert.ok(
      shown.every(({ dark, number }) => !dark && number !== null),
      'no picture is dark or torn',
    );
  }

  /** Time never goes back. @returns how many steps forward there were */
  function assertForward(seen: readonly SeenPicture[], clipFrames: number): number {
    const numbers = seen.flatMap(({ number }) => number ?? []);
    const steps = numbers
      .slice(1)
      .map((number, at) => (number - (numbers[at] ?? 0) + clipFrames) % clipFrames);
    assert.ok(
      steps.every((step) => step < clipFrames / 2),
      numbers.join(' '),
    );
    return steps.length;
  }

  test('all pictures of a camera come in order', options, async () => {
    for (const camera of ['cam1', 'cam2']) {
      await untilState(page, camera, 'live', WITHIN_MS);
      await untilVideo(camera);
    }
    await sleep(3000);
    const { clipFrames } = configured.cameras.options;
    for (const camera of ['cam1', 'cam2']) {
      const seen = await seenPictures(page, camera);
      judge(seen);
      assert.ok(assertForward(seen, clipFrames) > 10);
    }
  });

  test('a tile made large changes to the main stream and back, as video', options, async () => {
    await page.locator('.hit').first().focus();
    await page.keyboard.press('Enter');
    await untilWidth('cam1', LARGE.width);
    await untilVideo('cam1');
    await page.keyboard.press('Escape');
    await untilWidth('cam1', SMALL.width);
    await untilVideo('cam1');
    await untilState(page, 'cam2', 'live', WITHIN_MS);
    judge(await seenPictures(page, 'cam1'));
  });

  test('lost packets leave pictures out: none is dark, torn or from before the last', options, async () => {
    const from = (await seenPictures(page, 'cam2')).length;
    await configured.cameras.fault('cam2', 'loss:4');
    await until(
      'pictures in spite of the losses',
      async () => (await seenPictures(page, 'cam2')).length > from + 20,
      WITHIN_MS,
    );
    await configured.cameras.fault('cam2', null);
    const seen = await seenPictures(page, 'cam2');
    judge(seen);
    assertForward(seen.slice(from), configured.cameras.options.clipFrames);
    await untilState(page, 'cam2', 'live', WITHIN_MS);
    await untilVideo('cam2');
  });

  test('a camera that changes its resolution is shown on as video', options, async () => {
    await configured.cameras.fault('cam2', 'resize:640x360');
    await untilWidth('cam2', 640);
    await untilVideo('cam2');
    await configured.cameras.fault('cam2', null);
    await untilWidth('cam2', SMALL.width);
    await untilVideo('cam2');
    judge(await seenPictures(page, 'cam2'));
  });

  test(
    'a camera that goes away says so over its last picture, and comes back as video',
    options,
    async () => {
      await configured.cameras.fault('cam2', 'refuse');
      await untilState(page, 'cam2', 'stale', WITHIN_MS);
      await configured.cameras.fault('cam2', null);
      await untilState(page, 'cam2', 'live', WITHIN_MS);
      await untilVideo('cam2');
      judge(await seenPictures(page, 'cam2'));
    },
  );

  test('a wall that wants JPEG gets it beside one that has video', options, async (t) => {
    const other = await browser.newPage();
    t.after(() => other.close());
    await other.goto(`${configured.service.url}/?codec=jpeg`);
    await untilState(other, 'cam2', 'live', WITHIN_MS);
    assert.equal(await other.evaluate(`document.querySelector('camera-tile[camera=cam2]').form`), 'jpeg');
    await untilVideo('cam2');
    // The stream does not say how its colours are meant: both take it for the same.
    const [video, jpeg] = [await pureColours(page, 'cam2'), await pureColours(other, 'cam2')];
    const apart = video.flat().map((value, at) => Math.abs(value - (jpeg.flat()[at] ?? NaN)));
    assert.ok(apart.length >= 6 && Math.max(...apart) < 8, JSON.stringify({ video, jpeg }));
    const before = (await seenPictures(page, 'cam2')).length;
    await until(
      'video goes on',
      async () => (await seenPictures(page, 'cam2')).length > before + 5,
      WITHIN_MS,
    );
  });
});

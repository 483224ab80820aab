import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { until } from '../support/until.js';
import { seenPictures, watchCanvases } from './canvas-watch.js';
import { openTabs, type Tabs } from './tabs.js';
import { type VideoClip, videoClip } from './video-clip.js';
import { VideoWallServer } from './video-server.js';

/** Video in a tab that is really hidden. */

const options = { timeout: 60_000 };
const WITHIN_MS = 15_000;
const CAMERAS = ['a', 'b', 'c', 'd'];
/** Ten seconds between key frames: whoever comes back is sent many units at once. */
const CLIP = { width: 320, height: 180, fps: 10, gop: 100, pictures: 200 } as const;
const AWAY_MS = 2000;
/** A picture after each other, the resume, a decoder's start and what the machine does besides; most take a fifth of it. */
const BACK_MS = 1500;

/** Over the second connection, by which alone tabs are hidden, workers cannot be asked: this one tells its page by itself. */
const TELL_PAGE = `{
  const channel = new BroadcastChannel('held');
  setInterval(() => channel.postMessage({ open: probe.open, frames: probe.frames }), 20);
}`;
const LISTEN = `window.held = { open: -1, frames: -1 };
  new BroadcastChannel('held').onmessage = ({ data }) => { window.held = data; };`;

describe('video in a hidden tab', { timeout: 120_000 }, () => {
  let tabs: Tabs;
  let clip: VideoClip;
  const undo: (() => unknown)[] = [];
  const scope = { after: (step: () => unknown) => undo.push(step) } as unknown as Pick<TestContext, 'after'>;

  before(async () => {
    clip = videoClip(scope, CLIP);
    tabs = await openTabs();
    undo.push(() => tabs.close());
  }, options);
  after(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  }, options);

  /** Decoders and decoded pictures that are open. */
  const held = (page: Page): Promise<{ open: number; frames: number }> => page.evaluate('held');

  const untilDecoders = (page: Page, count: number): Promise<unknown> =>
    until(`${count} decoders`, async () => (await held(page)).open === count, WITHIN_MS);

  test(
    'it has no decoder and is sent nothing; shown again, each tile goes on from its last picture with the present',
    options,
    async (t) => {
      const server = await VideoWallServer.start(
        t,
        Object.fromEntries(CAMERAS.map((name) => [name, clip])),
        TELL_PAGE,
      );
      const page = await tabs.context.newPage();
      t.after(() => page.close());
      await watchCanvases(page);
      await page.addInitScript(LISTEN);
      await page.goto(server.url);
      await untilDecoders(page, CAMERAS.length);
      await page.evaluate(`document.addEventListener('visibilitychange', () => {
        if (!document.hidden) window.shownAt ??= performance.timeOrigin + performance.now();
      })`);

      const over = await tabs.context.newPage();
      assert.equal(await page.evaluate('document.hidden'), true);
      await untilDecoders(page, 0);
      assert.equal((await held(page)).frames, 0, 'every picture is closed');
      const sent = (): number[] =>
        [...server.cameras.values()].flatMap(({ tiles }) => [...tiles].map(({ sequence }) => sequence));
      const before = { sent: sent(), number: server.cameras.get('a')?.number ?? 0 };
      await sleep(AWAY_MS);
      assert.deepEqual(sent(), before.sent);

      await over.close();
      await page.bringToFront();
      await untilDecoders(page, CAMERAS.length);
      await sleep(BACK_MS);
      const shownAt = await page.evaluate<number>('shownAt');
      const back: number[] = [];
      for (const name of CAMERAS) {
        const seen = await seenPictures(page, name);
        const first = seen.findIndex(({ dark }) => !dark);
        assert.ok(seen.slice(first).every(({ dark, number }) => !dark && number !== null));
        const fresh = seen.filter(({ at }) => at > shownAt);
        const newest = (server.cameras.get(name)?.number ?? 0) - (fresh.at(-1)?.number ?? NaN);
        assert.ok((newest + CLIP.pictures) % CLIP.pictures <= 5, 'the present, and no film of the past');
        assert.ok(fresh.length <= (BACK_MS / 1000) * CLIP.fps * 2, `${fresh.length} pictures at once`);
        // The tab may first be painted with what it had when it was hidden.
        const isNew = (number: number | null): boolean =>
          ((number ?? NaN) - before.number + CLIP.pictures) % CLIP.pictures > CLIP.fps;
        back.push((fresh.find(({ number }) => isNew(number))?.at ?? Infinity) - shownAt);
      }
      t.diagnostic(`a new picture after ${back.map((ms) => ms.toFixed(0)).join(', ')} ms`);
      assert.ok(Math.max(...back) < BACK_MS);
      await until('no picture is kept', async () => (await held(page)).frames <= CAMERAS.length, WITHIN_MS);
    },
  );
});

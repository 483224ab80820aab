import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { launchChromium } from '../support/chromium.js';
import { metric, openConfiguredService, type ConfiguredService } from '../support/configured-service.js';
import { untilSeen } from '../support/until.js';
import { untilState } from './open-wall.js';
import { openTabs, type Tabs } from './tabs.js';
import { Wire } from './wire.js';

/** Tiles that nobody can see, against the real service: scrolled away, or in a hidden tab. */

const options = { timeout: 60_000 };
/** Longest wait for anything: a moment on an idle machine. */
const WITHIN_MS = 25_000;
const CAMERAS = ['cam1', 'cam2', 'cam3', 'cam4'];
/** The linger is so short that a tile which gave its seat up would lose its camera; a busy machine may be slow to decode. */
const ENV = { LINGER_MS: '300', STALL_TIMEOUT_MS: '20000' };
/** When nobody has watched for 2 s, the service asks for the stream once more, for its key frames; up to then not at all. */
const UNTOUCHED_MS = 1900;
/** Two rows of 178x100 under a bar of 44: the second begins below the edge. */
const LOW_WINDOW = { width: 360, height: 140 };

interface Look {
  readonly state: string;
  readonly since: number;
}

describe('tiles that nobody sees', { timeout: 140_000 }, () => {
  let configured: ConfiguredService;
  let browser: Browser;
  let tabs: Tabs;
  const undo: (() => unknown)[] = [];

  before(async () => {
    configured = await openConfiguredService(
      { count: CAMERAS.length, width: 320, height: 180, fps: 10 },
      ENV,
    );
    undo.push(() => configured.stop());
    browser = await launchChromium();
    undo.push(() => browser.close());
    tabs = await openTabs();
    undo.push(() => tabs.close());
  }, options);
  after(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  }, options);

  /** Waits until that many more pictures of a camera came. */
  async function more(wire: Wire, camera: string, count: number): Promise<void> {
    const before = wire.frames(camera);
    await untilSeen(
      () => Promise.resolve(wire.frames(camera) - before),
      (came) => came >= count,
      WITHIN_MS,
    );
  }

  const untilPaused = (wire: Wire, cameras: readonly string[]): Promise<string[]> =>
    untilSeen(
      () => Promise.resolve(wire.paused),
      (paused) => paused.join() === cameras.join(),
      WITHIN_MS,
    );

  /** State of a camera, as the service tells it. */
  async function look(camera: string): Promise<Look> {
    const answer = (await (await fetch(`${configured.service.url}/api/cameras`)).json()) as {
      cameras: (Look & { camera: string })[];
    };
    const found = answer.cameras.find((other) => other.camera === camera);
    assert.ok(found);
    return { state: found.state, since: found.since };
  }

  /** How often the service has asked a camera for its stream. */
  async function asked(camera: string): Promise<number> {
    const found = (await configured.cameras.list()).find(({ name }) => name === camera);
    assert.ok(found);
    return found.contacts.describes;
  }

  const published = (camera: string): Promise<number> =>
    metric(configured.service, `rtsp_ws_frames_published_total{camera="${camera}"}`);

  async function untilAllLive(page: Page): Promise<void> {
    for (const camera of CAMERAS) await untilState(page, camera, 'live', WITHIN_MS);
  }

  async function openLow(t: TestContext): Promise<{ page: Page; wire: Wire }> {
    const page = await browser.newPage({ viewport: LOW_WINDOW });
    t.after(() => page.close());
    const wire = new Wire(page);
    await page.goto(configured.service.url);
    await untilPaused(wire, ['cam3', 'cam4']);
    for (const camera of ['cam1', 'cam2']) await untilState(page, camera, 'live', WITHIN_MS);
    // Their cameras run, though nobody sees the tiles.
    for (const camera of ['cam3', 'cam4'])
      await untilSeen(
        () => look(camera),
        ({ state }) => state === 'live',
        WITHIN_MS,
      );
    await page.mouse.move(100, 90);
    return { page, wire };
  }

  test(
    'a tile below the edge is sent nothing, and lives when it is scrolled into sight',
    options,
    async (t) => {
      const { page, wire } = await openLow(t);
      // What was on its way when the tile paused.
      await more(wire, 'cam1', 5);
      const held = await look('cam3');
      const before = { sent: wire.frames('cam3'), published: await published('cam3') };
      await more(wire, 'cam1', 25);
      assert.deepEqual({ sent: wire.frames('cam3'), published: await published('cam3') }, before);

      await page.mouse.wheel(0, 400);
      await untilPaused(wire, ['cam1', 'cam2']);
      await more(wire, 'cam3', 10);
      await untilState(page, 'cam3', 'live', WITHIN_MS);
      assert.deepEqual(await look('cam3'), held, 'its camera was open all the time');
      assert.equal(wire.sockets, 1);
    },
  );

  test('a tile that is soon back costs its camera nothing', options, async (t) => {
    const { page, wire } = await openLow(t);
    await more(wire, 'cam1', 10);
    const before = await asked('cam1');
    const left = performance.now();
    await page.mouse.wheel(0, 400);
    await untilPaused(wire, ['cam1', 'cam2']);
    await page.mouse.wheel(0, -400);
    await more(wire, 'cam1', 1);
    const away = performance.now() - left;
    await more(wire, 'cam1', 10);
    t.diagnostic(`away for ${away.toFixed(0)} ms`);
    // A machine that was too busy to come back in time: once for the key frames, once for all frames.
    const allowed = away < UNTOUCHED_MS ? 0 : 2;
    assert.ok((await asked('cam1')) - before <= allowed);
  });

  /** Somebody else who watches a camera: their pictures go on, and serve as the clock. */
  async function neighbour(t: TestContext): Promise<(count: number) => Promise<void>> {
    const socket = new WebSocket(`${configured.service.url.replace('http', 'ws')}/ws?camera_index=cam1`);
    t.after(() => socket.terminate());
    let seen = 0;
    socket.on('message', (_, isBinary) => {
      if (isBinary) seen += 1;
    });
    await once(socket, 'open');
    return async (count) => {
      const end = seen + count;
      await untilSeen(
        () => Promise.resolve(seen),
        (now) => now >= end,
        WITHIN_MS,
      );
    };
  }

  test('a hidden tab is sent nothing, and all of its tiles live when it is shown', options, async (t) => {
    const page = await tabs.context.newPage();
    t.after(() => page.close());
    const wire = new Wire(page);
    await page.goto(configured.service.url);
    await untilAllLive(page);
    await untilPaused(wire, []);
    const pass = await neighbour(t);
    const over = await tabs.context.newPage();
    t.after(() => over.close());
    assert.equal(await page.evaluate('document.hidden'), true);
    await untilPaused(wire, CAMERAS);
    await pass(5);
    const held = await Promise.all(CAMERAS.map(look));
    const before = CAMERAS.map((camera) => wire.frames(camera));
    await pass(25);
    assert.deepEqual(
      CAMERAS.map((camera) => wire.frames(camera)),
      before,
    );

    await page.bringToFront();
    await untilPaused(wire, []);
    for (const camera of CAMERAS) {
      await more(wire, camera, 5);
      await untilState(page, camera, 'live', WITHIN_MS);
    }
    assert.deepEqual(await Promise.all(CAMERAS.map(look)), held, 'the cameras were open all the time');
    assert.equal(wire.sockets, 1);
  });

  test('a tile in a tab that was opened hidden waits until the tab is shown', options, async (t) => {
    const page = await tabs.context.newPage();
    t.after(() => page.close());
    const over = await tabs.context.newPage();
    t.after(() => over.close());
    const pass = await neighbour(t);
    const wire = new Wire(page);
    await page.goto(`${configured.service.url}/wall.css`);
    await page.evaluate(`(async () => {
      await import('/client.js');
      const tile = document.createElement('camera-tile');
      tile.setAttribute('camera', 'cam1');
      tile.style.height = '200px';
      document.body.replaceChildren(tile);
    })()`);
    assert.equal(await page.evaluate('document.hidden'), true);
    await untilPaused(wire, ['cam1']);
    await pass(5);
    const before = wire.frames('cam1');
    await pass(20);
    assert.equal(wire.frames('cam1'), before);

    await page.bringToFront();
    await more(wire, 'cam1', 5);
    await untilState(page, 'cam1', 'live', WITHIN_MS);
  });
});

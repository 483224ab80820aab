import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { until } from '../support/until.js';
import { type SeenPicture, seenPictures, watchCanvases } from './canvas-watch.js';
import { untilState } from './open-wall.js';
import { type VideoClip, videoClip } from './video-clip.js';
import { type VideoCamera, VideoWallServer } from './video-server.js';

/** The built page in a real browser that decodes H.264, over a server that sends what a test tells it. */

const options = { timeout: 40_000 };
const SMALL = { width: 320, height: 180, fps: 10, gop: 10, pictures: 200 } as const;

interface Probe {
  readonly made: number;
  readonly open: number;
  readonly frames: number;
  readonly configs: readonly { readonly codec: string; readonly optimizeForLatency: boolean }[];
}

interface OpenVideo {
  readonly server: VideoWallServer;
  readonly page: Page;
  readonly camera: VideoCamera;
  readonly probe: () => Promise<Probe>;
  readonly inWorker: (script: string) => Promise<unknown>;
}

const numbersOf = (seen: readonly SeenPicture[]): number[] => seen.flatMap(({ number }) => number ?? []);

/** From the first picture on there is always one. */
function assertNeverDark(seen: readonly SeenPicture[]): void {
  const first = seen.findIndex(({ dark }) => !dark);
  assert.ok(first >= 0, 'a picture came');
  assert.deepEqual(
    seen.slice(first).filter(({ dark }) => dark),
    [],
  );
}

/** Forward by a few pictures at a time; the clip's end is followed by its begin. */
function assertForward(seen: readonly SeenPicture[], pictures: number): void {
  const numbers = numbersOf(seen);
  const steps = numbers.slice(1).map((number, at) => (number - (numbers[at] ?? 0) + pictures) % pictures);
  assert.ok(
    steps.every((step) => step < pictures / 2),
    `goes back in time: ${numbers.join(' ')}`,
  );
}

describe('video on the wall page', { timeout: 120_000 }, () => {
  let browser: Browser;
  let small: VideoClip;
  const undo: (() => unknown)[] = [];
  const scope = { after: (step: () => unknown) => undo.push(step) } as unknown as Pick<TestContext, 'after'>;

  before(async () => {
    small = videoClip(scope, SMALL);
    browser = await launchChromium();
    undo.push(() => browser.close());
  }, options);
  after(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  }, options);

  async function open(
    t: TestContext,
    clips: Readonly<Record<string, VideoClip>> = { a: small },
    { prefix = '', path = '' } = {},
  ): Promise<OpenVideo> {
    const server = await VideoWallServer.start(t, clips, prefix);
    const page = await browser.newPage({ viewport: { width: 800, height: 500 }, locale: 'en-GB' });
    t.after(() => page.close());
    await watchCanvases(page);
    await page.goto(server.url + path);
    const camera = [...server.cameras.values()][0];
    assert.ok(camera);
    const inWorker = async (script: string): Promise<unknown> => {
      const worker = page.workers()[0];
      assert.ok(worker, 'the page has a worker');
      return worker.evaluate(script);
    };
    const probe = async (): Promise<Probe> => (await inWorker('JSON.parse(JSON.stringify(probe))')) as Probe;
    return { server, page, camera, probe, inWorker };
  }

  const label = (page: Page): Promise<string> => page.locator('camera-tile .info').first().innerText();

  async function untilForm(page: Page, form: 'h264' | 'jpeg'): Promise<void> {
    await until(
      `the tile shows ${form}`,
      async () =>
        (await page.evaluate('document.querySelector("camera-tile")?.form')) === form &&
        (await page.locator('camera-tile[state=live]').count()) > 0,
      15_000,
    );
  }

  const untilNumbers = (page: Page, count: number): Promise<unknown> =>
    until(
      `${count} pictures`,
      async () => new Set(numbersOf(await seenPictures(page, 'a'))).size >= count,
      20_000,
    );

  test(
    'every picture of a camera is shown once and in order, and the label says h264',
    options,
    async (t) => {
      const { server, page, camera, probe } = await open(t);
      await untilForm(page, 'h264');
      assert.deepEqual(server.protocols, ['2']);
      assert.deepEqual(camera.asked[0]?.codecs, ['h264']);
      await untilNumbers(page, 30);
      await page.keyboard.press('i');
      await until(
        'label',
        async () => /^\d+\.\d fps · \d+ ms · 320×180 · h264$/.test(await label(page)),
        5000,
      );
      const seen = await seenPictures(page, 'a');
      assertNeverDark(seen);
      assertForward(seen, SMALL.pictures);
      const numbers = numbersOf(seen);
      const span = ((numbers.at(-1) ?? 0) - (numbers[0] ?? 0) + SMALL.pictures) % SMALL.pictures;
      assert.ok(numbers.length > span * 0.7, `${numbers.length} pictures of ${span}`);
      const { made, open: decoders, frames, configs } = await probe();
      assert.deepEqual({ made, decoders }, { made: 1, decoders: 1 });
      assert.equal(configs[0]?.codec, small.codec);
      assert.equal(configs[0].optimizeForLatency, true);
      assert.ok(frames <= 2, `${frames} pictures are not closed`);
    },
  );

  test('B-frames are shown in their order', options, async (t) => {
    const clip = videoClip(t, { ...SMALL, pictures: 60, gop: 20, bFrames: 2 });
    const { page, camera } = await open(t, { a: clip });
    await untilForm(page, 'h264');
    await untilNumbers(page, 30);
    const seen = await seenPictures(page, 'a');
    assertNeverDark(seen);
    assertForward(seen, 60);
    const tile = [...camera.tiles][0];
    assert.ok(tile);
    await until('held units are acknowledged', () => tile.sequence - tile.acknowledged <= 1, 5000);
  });

  test(
    'from video to JPEG and back there is always a picture, and time never goes back',
    options,
    async (t) => {
      const { page, camera, probe } = await open(t);
      await page.keyboard.press('i');
      await untilForm(page, 'h264');
      for (let round = 0; round < 3; round += 1) {
        camera.deny('slow_line');
        await untilForm(page, 'jpeg');
        assert.equal((await probe()).open, 0);
        await until('why', async () => /· jpeg\nthe network is too slow/.test(await label(page)), 5000);
        camera.deny(null);
        await untilForm(page, 'h264');
      }
      const seen = await seenPictures(page, 'a');
      assertNeverDark(seen);
      assertForward(seen, SMALL.pictures);
    },
  );

  test('a tile that joins shows the present, and no film of the pictures before', options, async (t) => {
    const clip = videoClip(t, { ...SMALL, gop: 200 });
    const { page, probe } = await open(t, { a: clip, b: clip });
    await untilForm(page, 'h264');
    await untilNumbers(page, 25);
    await page.locator('.hit').nth(1).click();
    await until('one decodes', async () => (await probe()).open === 1, 10_000);
    await page.keyboard.press('Escape');
    await until('both decode again', async () => (await probe()).open === 2, 10_000);
    await untilNumbers(page, 40);
    const seen = await seenPictures(page, 'a');
    assertNeverDark(seen);
    assertForward(seen, SMALL.pictures);
    await until('no picture is kept', async () => (await probe()).frames <= 2, 5000);
  });

  test(
    'a unit that the decoder refuses turns the tile to JPEG, without a dark picture',
    options,
    async (t) => {
      const { page, camera, probe } = await open(t);
      await untilForm(page, 'h264');
      camera.sendRubbish();
      await untilForm(page, 'jpeg');
      const told = camera.asked.at(-1);
      assert.ok(told?.type === 'rendition');
      assert.deepEqual({ codecs: told.codecs, why: told.why }, { codecs: [], why: 'decoder' });
      await untilNumbers(page, 20);
      const seen = await seenPictures(page, 'a');
      assertNeverDark(seen);
      assertForward(seen, SMALL.pictures);
      assert.equal((await probe()).open, 0);
    },
  );

  test('a gap is waited out up to the next key unit', options, async (t) => {
    const { page, camera, probe } = await open(t);
    await untilForm(page, 'h264');
    for (let round = 0; round < 3; round += 1) {
      camera.skip = 4;
      await sleep(1500);
    }
    await untilNumbers(page, 30);
    const seen = await seenPictures(page, 'a');
    assertNeverDark(seen);
    assertForward(seen, SMALL.pictures);
    assert.equal(camera.asked.length, 1, 'video goes on');
    assert.equal((await probe()).open, 1);
  });

  test('another resolution is shown from its first picture on', options, async (t) => {
    const large = videoClip(t, { ...SMALL, width: 640, height: 360 });
    const { page, camera } = await open(t);
    await untilForm(page, 'h264');
    await untilNumbers(page, 5);
    camera.change(large);
    await until('640', async () => (await seenPictures(page, 'a')).at(-1)?.width === 640, 10_000);
    await untilNumbers(page, 15);
    camera.change(small);
    await until('320', async () => (await seenPictures(page, 'a')).at(-1)?.width === 320, 10_000);
    const seen = await seenPictures(page, 'a');
    assertNeverDark(seen);
    assert.ok(
      seen.slice(1).every(({ number }) => number !== null),
      'no torn picture',
    );
    await untilForm(page, 'h264');
    assert.equal(camera.asked.length, 1);
  });

  test('another profile in the same size is shown without a dark or torn picture', options, async (t) => {
    const high = videoClip(t, { ...SMALL, profile: 'high' });
    const { page, camera, probe } = await open(t);
    await untilForm(page, 'h264');
    await untilNumbers(page, 5);
    camera.change(high);
    await until(
      'a decoder of its codec',
      async () => (await probe()).configs.at(-1)?.codec === high.codec,
      10_000,
    );
    await untilNumbers(page, 15);
    const seen = await seenPictures(page, 'a');
    assertNeverDark(seen);
    assert.ok(
      seen.slice(1).every(({ number }) => number !== null),
      'no torn picture',
    );
    await untilForm(page, 'h264');
    assert.equal(camera.asked.length, 1, 'video goes on');
  });

  test(
    'a covered tile closes its decoder, and shows its last picture until a new one',
    options,
    async (t) => {
      const { page, probe } = await open(t, { a: small, b: small });
      await untilForm(page, 'h264');
      await until('both decode', async () => (await probe()).open === 2, 10_000);
      await page.locator('.hit').nth(1).click();
      await until('one decodes', async () => (await probe()).open === 1, 10_000);
      await sleep(700);
      await page.keyboard.press('Escape');
      await until('both decode again', async () => (await probe()).open === 2, 10_000);
      await untilState(page, 'a', 'live');
      await until('no picture is kept', async () => (await probe()).frames <= 2, 5000);
      for (const name of ['a', 'b']) {
        const seen = await seenPictures(page, name);
        assertNeverDark(seen);
        assertForward(seen, SMALL.pictures);
      }
    },
  );

  test('a decoder that the browser took back is replaced at the next key unit', options, async (t) => {
    const { page, camera, probe, inWorker } = await open(t);
    await untilForm(page, 'h264');
    await inWorker('probe.reclaim()');
    await until('a second decoder', async () => (await probe()).made === 2, 10_000);
    await untilNumbers(page, 15);
    assertNeverDark(await seenPictures(page, 'a'));
    assert.equal(camera.asked.length, 1, 'video goes on');
  });

  /** Eight cameras that claim to send pictures of this size. */
  async function openEight(t: TestContext, claim: { width: number; height: number }): Promise<OpenVideo> {
    const opened = await open(t, Object.fromEntries('abcdefgh'.split('').map((name) => [name, small])));
    for (const camera of opened.server.cameras.values()) camera.claim = claim;
    await opened.page.reload();
    return opened;
  }

  /** Why tiles asked for less video than before. */
  const told = ({ server }: OpenVideo): (string | undefined)[] =>
    [...server.cameras.values()].flatMap(({ asked }) =>
      asked.flatMap((message) => (message.type === 'rendition' ? [message.why] : [])),
    );

  test('a browser that falls behind gives video up, and goes on with JPEG', options, async (t) => {
    // More than the little that any machine decodes, and no more than two cores are believed to.
    const opened = await openEight(t, { width: 1280, height: 720 });
    const { page, inWorker } = opened;
    await untilForm(page, 'h264');
    await sleep(1000);
    await inWorker('probe.late = 400');
    // A delay that every picture has is the stream's own: this one comes and goes.
    await inWorker('setInterval(() => { probe.late = probe.late === 0 ? 400 : 0; }, 150)');
    await until('the tiles ask for JPEG', () => told(opened).includes('capacity'), 15_000);
    await until(
      'all of them draw',
      async () => (await page.locator('camera-tile[state=live]').count()) === 8,
      15_000,
    );
    for (const name of 'abcdefgh') assertNeverDark(await seenPictures(page, name));
  });

  test(
    'a wall of more than its browser decodes is JPEG alone, and its labels say why',
    options,
    async (t) => {
      // Each alone would do.
      const opened = await openEight(t, { width: 3840, height: 2160 });
      const { page, probe } = opened;
      const jpegs = (): Promise<number> =>
        page.evaluate(
          `[...document.querySelectorAll('camera-tile')].filter(({ form }) => form === 'jpeg').length`,
        );
      await until(
        'all ask for JPEG',
        () => told(opened).filter((why) => why === 'capacity').length >= 8,
        15_000,
      );
      await until('all are JPEG', async () => (await jpegs()) === 8, 15_000);
      await page.keyboard.press('i');
      const says = /jpeg\nthis device cannot decode so much video$/;
      await until('label', async () => says.test(await label(page)), 5000);
      const { made } = await probe();
      const before = (await seenPictures(page, 'a')).length;
      await until('more pictures', async () => (await seenPictures(page, 'a')).length > before + 20, 15_000);
      assert.equal((await probe()).made, made, 'it stays JPEG');
      for (const name of 'abcdefgh') assertNeverDark(await seenPictures(page, name));
    },
  );

  test('a page that wants JPEG gets no video', options, async (t) => {
    const { page, camera, probe } = await open(t, { a: small }, { path: '?codec=jpeg' });
    await untilForm(page, 'jpeg');
    assert.deepEqual(camera.asked[0]?.codecs, []);
    await page.keyboard.press('i');
    await until('label', async () => /jpeg\nJPEG was chosen$/.test(await label(page)), 5000);
    assert.equal((await probe()).made, 0);
  });

  test('over plain http there is JPEG, and the label says why', options, async (t) => {
    const server = await VideoWallServer.start(t, { a: small });
    const plain = await launchChromium(['--host-resolver-rules=MAP wall.test 127.0.0.1']);
    t.after(() => plain.close());
    const page = await plain.newPage({ locale: 'es-ES' });
    await page.goto(server.url.replace('127.0.0.1', 'wall.test'));
    await untilForm(page, 'jpeg');
    await page.keyboard.press('i');
    await until('label', async () => /jpeg\nel vídeo necesita https$/.test(await label(page)), 5000);
    assert.deepEqual([...server.cameras.values()][0]?.asked[0]?.codecs, []);
  });
});

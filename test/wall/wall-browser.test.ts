import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { openWall, type OpenWall, untilState } from './open-wall.js';
import { until } from '../support/until.js';
import { FakeWallServer } from './fake-server.js';

/** The built page in a real browser, over real sessions with invented cameras. */

const SLOW = { timeout: 20_000 };

/** How many tiles are in a state, by their attribute. */
const inState = (page: Page, state: string): Promise<number> =>
  page.locator(`camera-tile[state="${state}"]`).count();

describe('the wall page', { timeout: 150_000 }, () => {
  let browser: Browser;

  before(async () => {
    browser = await launchChromium();
  });

  after(() => browser.close());

  const open = (
    t: TestContext,
    cameras: readonly (readonly [name: string, title: string])[],
    locale = 'en-GB',
  ): Promise<OpenWall> => openWall(t, browser, cameras, { locale });

  test('four tiles move over one socket, without a word on the console', SLOW, async (t) => {
    const names = ['a', 'b', 'c', 'd'].map((name) => [name, `Camera ${name}`] as const);
    const { server, page, complaints } = await open(t, names);
    for (const [name] of names) await untilState(page, name, 'live');
    for (const [name] of names) {
      const tile = page.locator(`camera-tile[camera="${name}"]`);
      const first = await tile.screenshot();
      await until(`pixels of ${name} change`, async () => !first.equals(await tile.screenshot()));
    }
    assert.equal(server.connections, 1);
    assert.equal(await page.locator('.hit').first().getAttribute('aria-label'), 'Camera a: Live');
    assert.match(await page.locator('.summary').innerText(), /^4 cameras · 4 live$/);
    assert.deepEqual(complaints, []);
  });

  test(
    'each state of a camera is shown, with its reason and in the language of the browser',
    SLOW,
    async (t) => {
      const { server, page } = await open(t, [['gate', 'Portal']], 'es-MX');
      await untilState(page, 'gate', 'live');
      const camera = server.cameras.get('gate');
      assert.ok(camera);
      const tile = page.locator('camera-tile');
      camera.say('offline', 'unauthorized', 'english text');
      await untilState(page, 'gate', 'offline');
      await until('the reason is shown', async () =>
        /rechazó el usuario/.test(await tile.locator('.todo').innerText()),
      );
      assert.match(await tile.locator('.what').innerText(), /Sin señal/);
      for (const state of ['connecting', 'live', 'frozen', 'stale'] as const) {
        camera.say(state);
        await untilState(page, 'gate', state);
      }
      camera.say('live');
      await untilState(page, 'gate', 'live');
      // The service goes on saying live, but no frame comes: the tile must find out by itself.
      camera.running = false;
      await untilState(page, 'gate', 'stale');
      assert.match(await tile.locator('.badge').innerText(), /Atrasada \d+ s/);
      assert.equal(await tile.locator('.old').count(), 1);
    },
  );

  test('over plain http, where browsers have no ImageDecoder, tiles move as well', SLOW, async (t) => {
    const server = await FakeWallServer.start(10);
    t.after(() => server.close());
    server.add('a', 'A');
    // Only https and this machine's own addresses are secure to a browser; other names are not.
    const plain = await launchChromium(['--host-resolver-rules=MAP wall.test 127.0.0.1']);
    t.after(() => plain.close());
    const page = await plain.newPage();
    await page.goto(server.url.replace('127.0.0.1', 'wall.test'));
    await untilState(page, 'a', 'live');
    assert.equal(await page.evaluate('typeof ImageDecoder'), 'undefined');
    const tile = page.locator('camera-tile');
    const first = await tile.screenshot();
    await until('pixels change', async () => !first.equals(await tile.screenshot()));
  });

  test('a lost server is said at every tile, and the wall comes back by itself', SLOW, async (t) => {
    const { server, page } = await open(t, [
      ['a', 'A'],
      ['b', 'B'],
    ]);
    await untilState(page, 'b', 'live');
    server.cut(false);
    await until('both say so', async () => (await inState(page, 'link')) === 2);
    assert.match(await page.locator('.summary').innerText(), /No connection to the server/);
    server.accepting = true;
    await untilState(page, 'a', 'live');
    await untilState(page, 'b', 'live');
  });

  test('a tile whose camera was off when the wall was opened asks again by itself', SLOW, async (t) => {
    const { server, page } = await open(t, []);
    const camera = server.add('a', 'A');
    camera.refusal = { code: 4502, reason: 'refused', text: 'connection refused' };
    await page.reload();
    await untilState(page, 'a', 'refused');
    camera.refusal = null;
    await page.clock.install();
    await page.clock.fastForward(31_000);
    await until('the camera is asked for again', () => server.subscriptions.length > 1);
    await until('it is shown', () => camera.viewers.size === 1);
  });

  test(
    'Enter makes a camera large in its main stream, pauses the others, and Escape undoes it',
    SLOW,
    async (t) => {
      const { server, page } = await open(t, [
        ['a', 'A'],
        ['b', 'B'],
      ]);
      const [camera, other] = ['a', 'b'].map((name) => server.cameras.get(name));
      assert.ok(camera && other);
      camera.hasMain = true;
      await page.reload();
      await untilState(page, 'b', 'live');
      await page.locator('.hit').first().focus();
      await page.keyboard.press('Enter');
      await until('main stream joined', () => server.subscriptions.at(-1)?.main === true);
      await until('one feed remains', () => camera.viewers.size === 1);
      await until('the other is paused', () => [...other.viewers].every(({ active }) => !active));
      await untilState(page, 'a', 'live');
      await page.keyboard.press('Escape');
      await until('the other flows', () => [...other.viewers].every(({ active }) => active));
      assert.equal(server.subscriptions.at(-1)?.main, undefined);
      assert.equal(await page.locator('.large').count(), 0);
    },
  );

  test('a key that is held down floods the server with no pauses', SLOW, async (t) => {
    const names = Array.from({ length: 16 }, (_, at) => [`c${at}`, `C ${at}`] as const);
    const { server, page } = await open(t, names);
    let pauses = 0;
    page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => {
        if (/"(pause|resume)"/.test(payload.toString())) pauses += 1;
      });
    });
    const subscribed = (times: number) =>
      until('all are subscribed', () => server.subscriptions.length >= times * names.length);
    await subscribed(1);
    await page.reload();
    await subscribed(2);
    await page.locator('.hit').first().focus();
    await page.keyboard.press('Enter');
    await until('the others are paused', () => pauses > 0);
    await page.keyboard.press('Escape');
    await until('the tile is small again', async () => (await page.locator('.large').count()) === 0);
    const flips = 12;
    for (let flip = 1; flip < flips; flip += 1) await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    await page.keyboard.press('Escape');
    await until('none is large', async () => (await page.locator('.large').count()) === 0);
    await until('all flow', () =>
      [...server.cameras.values()].every(({ viewers }) => [...viewers].every(({ active }) => active)),
    );
    assert.ok(pauses <= 2 * (flips + 1), `${pauses} messages for ${flips} flips of ${names.length} tiles`);
    assert.equal(server.connections, 2, 'the page was loaded twice, and no connection was lost');
  });

  test('names are text whatever is in them', SLOW, async (t) => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const { page, complaints } = await open(t, [['a', evil]]);
    await untilState(page, 'a', 'live');
    assert.equal(await page.locator('camera-tile').getAttribute('label'), evil);
    assert.equal(await page.locator('camera-tile .name').innerText(), evil);
    assert.equal(await page.locator('img, li script').count(), 0);
    assert.equal(await page.title(), 'Camera wall');
    assert.deepEqual(complaints, []);
  });

  test(
    'a camera is added by its address, which stays out of the link, and order is kept in it',
    SLOW,
    async (t) => {
      const { server, page } = await open(t, [['a', 'A']]);
      await untilState(page, 'a', 'live');
      await page.keyboard.press('a');
      await page.locator('input[name=address]').fill('http://10.0.0.1/');
      await page.keyboard.press('Enter');
      assert.match(await page.locator('[role=alert]').filter({ visible: true }).innerText(), /rtsp:\/\//);
      await page.locator('input[name=address]').fill('rtsp://user:hidden@10.0.0.1/live');
      await page.locator('input[name=name]').fill('Back Door');
      await page.keyboard.press('Enter');
      await untilState(page, 'back-door', 'live');
      const added = server.subscriptions.find(({ camera }) => camera === 'back-door');
      assert.equal(added?.rtsp, 'rtsp://user:hidden@10.0.0.1/live');
      await page.locator('.hit').first().focus();
      await page.keyboard.press('Shift+ArrowRight');
      assert.equal(new URL(page.url()).hash, '#order=back-door,a');
      assert.doesNotMatch(page.url() + (await page.content()), /hidden@/);
      await page.reload();
      await untilState(page, 'back-door', 'live');
      assert.equal(await page.locator('camera-tile').first().getAttribute('camera'), 'back-door');
      await page.locator('.hit').first().focus();
      await page.keyboard.press('Delete');
      await until('taken off', async () => (await page.locator('camera-tile').count()) === 1);
      await until('left', () => server.cameras.get('back-door')?.viewers.size === 0);
    },
  );

  test('a camera that refused its password is tried again at the press of a button', SLOW, async (t) => {
    const { server, page } = await open(t, []);
    const camera = server.add('gate', 'Gate');
    camera.refusal = { code: 4401, reason: 'unauthorized', text: 'camera refused user/password' };
    let asked = 0;
    camera.retry = () => {
      asked += 1;
      return false;
    };
    await page.reload();
    await untilState(page, 'gate', 'refused');
    const again = page.locator('li > .again');
    await again.click();
    await until('it says that it was too soon', async () =>
      /half a minute/.test(await page.locator('camera-tile .todo').innerText()),
    );
    assert.equal(asked, 1);
    assert.equal(await page.locator('.large').count(), 0, 'the button does not make the tile large');
    camera.retry = () => {
      camera.refusal = null;
      return true;
    };
    await page.locator('.hit').focus();
    await page.keyboard.press('r');
    await untilState(page, 'gate', 'live');
    assert.equal(await again.isVisible(), false);
    // It was live, and its password is changed: the tile keeps its seat.
    camera.say('offline', 'unauthorized');
    await untilState(page, 'gate', 'offline');
    camera.retry = () => {
      camera.say('live');
      return true;
    };
    await again.click();
    await untilState(page, 'gate', 'live');
    camera.say('offline', 'refused');
    await untilState(page, 'gate', 'offline');
    assert.equal(await again.isVisible(), false, 'a camera that is off is tried by itself');
  });

  test('tiles with odd sizes, or one side alone, share a socket with the others', SLOW, async (t) => {
    const { server, page } = await open(t, [
      ['a', 'A'],
      ['b', 'B'],
    ]);
    await page.goto(`${server.url}wall.css`);
    const before = server.connections;
    await page.evaluate(`(async () => {
      await import('/client.js');
      const sizes = [{ width: 641 }, { height: 361 }, { width: 'wide' }, { width: 640, height: 1 }, { quality: 0, fps: 999 }];
      document.body.replaceChildren(...sizes.map((size, at) => {
        const tile = document.createElement('camera-tile');
        tile.setAttribute('camera', at % 2 ? 'a' : 'b');
        for (const [name, value] of Object.entries(size)) tile.setAttribute(name, value);
        tile.style.height = '100px';
        return tile;
      }));
      const bad = document.createElement('camera-tile');
      bad.setAttribute('camera', 'no such name');
      bad.style.height = '100px';
      document.body.append(bad);
    })()`);
    await until('five tiles are live', async () => (await inState(page, 'live')) === 5);
    await untilState(page, 'no such name', 'refused');
    assert.equal(await page.locator('camera-tile .again').last().isVisible(), false);
    await page.waitForTimeout(1500);
    assert.equal(server.connections, before + 1, 'nothing closed the socket');
    assert.equal(await inState(page, 'live'), 5);
    const asked = server.subscriptions.slice(-5).map(({ width, height }) => [width, height]);
    assert.deepEqual(asked.slice(0, 2), [
      [642, undefined],
      [undefined, 362],
    ]);
  });

  test(
    'a main stream that is configured later is shown without a reload, and so is a new title',
    SLOW,
    async (t) => {
      const { server, page } = await open(t, [['a', 'A']]);
      const camera = server.cameras.get('a');
      assert.ok(camera);
      await untilState(page, 'a', 'live');
      camera.hasMain = true;
      camera.title = 'Gate';
      await until(
        'the new title is shown',
        async () => (await page.locator('camera-tile .name').innerText()) === 'Gate',
      );
      assert.equal(server.subscriptions.length, 1, 'the tile was not made anew');
      await page.locator('.hit').click();
      await until('the main stream is asked for', () => server.subscriptions.at(-1)?.main === true);
    },
  );

  test('a wall whose cameras are all hidden or gone says so', SLOW, async (t) => {
    const { server, page } = await open(t, [['a', 'A']]);
    await untilState(page, 'a', 'live');
    await page.locator('.hit').focus();
    await page.keyboard.press('Delete');
    assert.equal(await page.locator('.empty h2').innerText(), 'All cameras are hidden');
    server.cameras.delete('a');
    await until('it is gone', async () => (await page.locator('.empty h2').innerText()) === 'No cameras yet');
    server.add('a', 'A');
    await until('it is back', async () => /hidden/.test(await page.locator('.empty h2').innerText()));
    await page.locator('.empty button').first().click();
    await untilState(page, 'a', 'live');
  });

  test(
    'a wall whose token has expired says so, and asks for its list more and more seldom',
    SLOW,
    async (t) => {
      const { server, page } = await open(t, [['a', 'A']]);
      await untilState(page, 'a', 'live');
      server.listStatus = 401;
      await page.clock.install();
      await page.reload();
      await until('it is said', async () =>
        /token is .* expired/.test(await page.locator('.summary').innerText()),
      );
      const before = server.lists;
      for (let minute = 0; minute < 10; minute += 1) {
        await page.clock.runFor(60_000);
        await page.waitForTimeout(50);
      }
      const asked = server.lists - before;
      assert.ok(asked >= 2 && asked <= 8, `${asked} lists in ten minutes`);
      server.listStatus = 200;
      await page.clock.runFor(400_000);
      await page.locator('camera-tile').waitFor();
      assert.doesNotMatch(await page.locator('.summary').innerText(), /token/);
    },
  );

  test('a wall without cameras says how to add one', SLOW, async (t) => {
    const { page } = await open(t, []);
    await page.locator('.empty button').click();
    assert.equal(await page.locator('dialog[open] input[name=address]').isVisible(), true);
  });

  test('another page can show a camera with the library alone', SLOW, async (t) => {
    const { server, page } = await open(t, [['a', 'A']]);
    await page.goto(`${server.url}wall.css`);
    await page.evaluate(`(async () => {
      await import('/client.js');
      const tile = document.createElement('camera-tile');
      tile.setAttribute('camera', 'a');
      tile.style.height = '200px';
      document.body.replaceChildren(tile);
    })()`);
    await untilState(page, 'a', 'live');
    const tile = page.locator('camera-tile');
    const first = await tile.screenshot();
    await until('pixels change', async () => !first.equals(await tile.screenshot()));
  });
});

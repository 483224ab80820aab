import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { openWall, untilState } from './open-wall.js';
import { until } from '../support/until.js';

/** The wall for those who hear it, or have no mouse: as the browser's accessibility tree and the keyboard give it. */

const SLOW = { timeout: 60_000 };
const FIVE = ['a', 'b', 'c', 'd', 'e'].map((name) => [name, `Camera ${name}`] as const);
const FOUR = FIVE.slice(0, 4);
const TWO = FIVE.slice(0, 2);
/** What a person can operate. */
const CONTROLS = ['button', 'combobox', 'textbox'];
/** These take the focus too, but are no controls of their own. */
const OTHERS = ['RootWebArea', 'dialog', 'option'];

interface Control {
  readonly role: string;
  readonly name: string;
  readonly expanded: unknown;
}

/** Everything that can have the focus and is told to assistive software; fails on what has no known role or no name. */
async function controls(page: Page): Promise<Control[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  const found = nodes.flatMap((node): Control[] => {
    const property = (name: string): unknown =>
      node.properties?.find((candidate) => candidate.name === name)?.value.value;
    const role = String(node.role?.value);
    if (node.ignored || property('focusable') !== true || OTHERS.includes(role)) return [];
    return [{ role, name: String(node.name?.value ?? ''), expanded: property('expanded') }];
  });
  for (const control of found) {
    assert.ok(CONTROLS.includes(control.role), JSON.stringify(control));
    assert.notEqual(control.name.trim(), '', JSON.stringify(control));
  }
  return found;
}

const named = (all: readonly Control[], start: string): Control[] =>
  all.filter(({ name }) => name.startsWith(start));

/** What has the focus: the camera of a tile, else a name or class, else the tag; `body` is nothing. */
const focus = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const element = document.activeElement;
    return element.closest('li')?.querySelector('camera-tile').camera ?? (element.name || element.className || element.localName);
  })()`);

/** Where the focus goes by pressing `key` that often. */
async function press(page: Page, key: string, times: number): Promise<string[]> {
  const path: string[] = [];
  for (let i = 0; i < times; i += 1) {
    await page.keyboard.press(key);
    path.push(await focus(page));
  }
  return path;
}

describe('the wall by ear and by keyboard', { timeout: 140_000 }, () => {
  let browser: Browser;

  before(async () => {
    browser = await launchChromium();
  });

  after(() => browser.close());

  test('every control has a role and a name, and a tile says its state', SLOW, async (t) => {
    const { page, server } = await openWall(t, browser, FOUR);
    for (const [name] of FOUR) await untilState(page, name, 'live');
    server.cameras.get('b')?.say('offline', 'unauthorized');
    await untilState(page, 'b', 'offline');
    const wall = await controls(page);
    assert.deepEqual(named(wall, 'Camera a'), [{ role: 'button', name: 'Camera a: Live', expanded: false }]);
    assert.match(named(wall, 'Camera b')[0]?.name ?? '', /^Camera b: Offline\. .*password/);
    assert.equal(named(wall, 'Remove Camera').length, 4);

    await page.locator('.hit').first().focus();
    await page.keyboard.press('Enter');
    const large = await controls(page);
    assert.deepEqual(
      named(large, 'Camera').map(({ name, expanded }) => [name, expanded]),
      [['Camera a: Live', true]],
      'what lies under the large tile is not there',
    );
    await page.keyboard.press('Delete');
    assert.equal(named(await controls(page), '1 hidden').length, 1);

    await page.keyboard.press('a');
    assert.deepEqual(
      (await controls(page)).map(({ name }) => name).sort(),
      ['Add camera', 'Cancel', 'Name (optional)', 'RTSP address'],
      'nor what lies under a form',
    );
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    assert.deepEqual(
      (await controls(page)).map(({ name }) => name),
      ['Close'],
    );
  });

  test('Tab goes along the toolbar to one tile, and arrows from tile to tile', SLOW, async (t) => {
    const { page } = await openWall(t, browser, FOUR);
    for (const [name] of FOUR) await untilState(page, name, 'live');
    assert.deepEqual(await press(page, 'Tab', 5), ['select', 'add', 'full', 'help', 'a']);
    const lefts = await page.evaluate<number[]>(
      `[...document.querySelectorAll('header :is(select, button):not([hidden])')].map((e) => e.getBoundingClientRect().left)`,
    );
    assert.deepEqual(
      lefts,
      [...lefts].sort((one, other) => one - other),
      'in the order in which they are seen',
    );
    assert.deepEqual(await press(page, 'ArrowRight', 1), ['b']);
    assert.deepEqual(await press(page, 'ArrowDown', 1), ['d']);
    assert.deepEqual(await press(page, 'ArrowRight', 1), ['d'], 'the last');
    assert.deepEqual(await press(page, 'Shift+Tab', 1), ['help']);
    assert.deepEqual(await press(page, 'Tab', 1), ['d'], 'back to the tile it came from');
    await page.keyboard.press('Enter');
    assert.deepEqual(await press(page, 'Shift+Tab', 6), ['help', 'full', 'add', 'select', 'remove', 'back']);
    await page.keyboard.press('Enter');
    assert.equal(await focus(page), 'd');
    await page.keyboard.press('Delete');
    assert.equal(await focus(page), 'c', 'the neighbour of a tile that was taken off');
  });

  test('a form holds the focus, says what is wrong, and gives the focus back', SLOW, async (t) => {
    const { page } = await openWall(t, browser, TWO);
    await untilState(page, 'a', 'live');
    await page.getByRole('button', { name: 'Add camera' }).focus();
    await page.keyboard.press('Enter');
    assert.equal(await focus(page), 'address');
    await page.keyboard.press('Enter');
    assert.equal(await focus(page), 'address');
    assert.match(await page.getByRole('alert').innerText(), /RTSP address/);
    // Around by way of the browser itself, never to what lies under the form.
    assert.deepEqual(await press(page, 'Tab', 5), ['name', 'button', 'primary', 'body', 'address']);
    await page.keyboard.press('Escape');
    assert.equal(await focus(page), 'add');
  });

  test('a change is said once, many in one sentence, and a flicker not at all', SLOW, async (t) => {
    const { page, server } = await openWall(t, browser, FIVE);
    for (const [name] of FIVE) await untilState(page, name, 'live');
    await page.evaluate(`(() => {
      window.said = [];
      window.flicker = [];
      const region = document.querySelector('[aria-live=polite]');
      new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
      document.querySelector('camera-tile[camera=d]').addEventListener('verdictchange', ({ detail }) => flicker.push(detail.word));
    })()`);
    const [a, b, c, d, e] = FIVE.map(([name]) => server.cameras.get(name));
    assert.ok(a && b && c && d && e);
    const said = (): Promise<string[]> => page.evaluate('said');
    const untilSaid = (count: number) =>
      until(`${count} sentences`, async () => (await said()).length >= count);

    a.say('offline', 'unauthorized');
    await untilSaid(1);
    for (const camera of [b, c, d, e]) camera.say('frozen');
    await untilSaid(2);
    d.say('offline', 'unauthorized');
    d.say('frozen');
    e.say('offline', 'unauthorized');
    await untilSaid(3);
    assert.deepEqual(await page.evaluate('flicker'), ['frozen', 'offline', 'frozen']);
    assert.deepEqual(await said(), ['Camera a: Offline.', '4 cameras: Frozen.', 'Camera e: Offline.']);
  });

  test(
    'the name of a stale tile holds no age, which would be heard when it is long untrue',
    SLOW,
    async (t) => {
      const { page, server } = await openWall(t, browser, TWO);
      await untilState(page, 'a', 'live');
      const camera = server.cameras.get('a');
      assert.ok(camera);
      camera.running = false;
      await untilState(page, 'a', 'stale');
      assert.match(await page.locator('camera-tile .badge').first().innerText(), /^Stale \d+ s$/);
      const [tile] = named(await controls(page), 'Camera a');
      assert.match(tile?.name ?? '', /^Camera a: Stale\. \D+$/);
    },
  );
});

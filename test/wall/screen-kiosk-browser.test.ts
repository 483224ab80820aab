import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import { ARGUMENTS, chromiumPath } from '../../bench/lib/chromium.js';
import { decodeJpeg, meanDifference, type Picture } from '../support/pictures.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';
import { FakeWallServer } from './fake-server.js';
import { allSay } from './screen-watch.js';

/** A kiosk as README starts it, on a screen of its own, whose browser is killed and started again with the same profile. */

const timeout = 60_000;
const WIDTH = 800;
const HEIGHT = 600;

/** Switches of the systemd unit in README, without what they are given. */
function switchesOfReadme(): string[] {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const line = /^ExecStart=\/usr\/bin\/chromium (.*) "http:\/\/HOST:8003\/view\/[^"]*\?kiosk=1"$/m.exec(
    readme,
  )?.[1];
  assert.ok(line, 'README starts Chromium');
  return line.split(' ');
}

/** @returns its name, as `:7` */
async function startScreen(t: TestContext): Promise<string> {
  const args = ['-displayfd', '1', '-screen', '0', `${WIDTH}x${HEIGHT}x24`, '-nolisten', 'tcp', '-noreset'];
  const screen = spawn('Xvfb', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(async () => {
    if (screen.exitCode !== null) return;
    screen.kill('SIGTERM');
    await once(screen, 'exit');
  });
  const [number] = (await once(createInterface(screen.stdout), 'line')) as [string];
  return `:${number}`;
}

interface Kiosk {
  readonly page: Page;
  kill(): Promise<void>;
}

async function startKiosk(t: TestContext, display: string, profile: string, url: string): Promise<Kiosk> {
  const args = [
    ...switchesOfReadme(),
    ...ARGUMENTS,
    `--user-data-dir=${profile}`,
    '--remote-debugging-port=0',
    url,
  ];
  const browser = spawn(chromiumPath(), args, {
    env: { ...process.env, DISPLAY: display },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const kill = (): Promise<void> => killGroup(browser);
  t.after(kill);
  const lines = createInterface(browser.stderr);
  const endpoint = await new Promise<string>((resolve) =>
    lines.on('line', (line) => {
      const address = /DevTools listening on (\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    }),
  );
  const connection = await chromium.connectOverCDP(endpoint);
  t.after(() => connection.close().catch(() => undefined));
  const page = await until('its page', () =>
    connection
      .contexts()[0]
      ?.pages()
      .find((each) => each.url() === url),
  );
  return { page, kill };
}

/** As a machine that loses its power: the browser and all its processes at once. */
async function killGroup(browser: ChildProcess): Promise<void> {
  if (browser.exitCode !== null || browser.signalCode !== null || browser.pid === undefined) return;
  const ended = once(browser, 'exit');
  process.kill(-browser.pid, 'SIGKILL');
  await ended;
}

/** What is on the screen, the browser's own windows and bubbles included. */
function screenshot(display: string): Picture {
  const args = [
    '-v',
    'error',
    '-f',
    'x11grab',
    '-video_size',
    `${WIDTH}x${HEIGHT}`,
    '-i',
    display,
    '-frames:v',
    '1',
  ];
  const run = spawnSync('ffmpeg', [...args, '-q:v', '2', '-f', 'mjpeg', '-'], {
    maxBuffer: 2 ** 24,
    timeout: 10_000,
  });
  assert.equal(run.status, 0, run.stderr.toString());
  return decodeJpeg(run.stdout);
}

test('a browser that is killed comes back to the kiosk, with nothing over it', { timeout }, async (t) => {
  const server = await FakeWallServer.start(10);
  t.after(() => server.close());
  // Tiles without a picture stand still, and can be compared.
  for (const name of ['a', 'b', 'c', 'd']) server.add(name, name).say('offline');
  const url = `${server.url}?kiosk=1`;
  const [display, profile] = [await startScreen(t), join(tempFolder(t), 'profile')];
  const first = await startKiosk(t, display, profile, url);
  await allSay(first.page, 'offline');
  const before = screenshot(display);
  // Chromium writes its profile, and that it has not ended in order, some seconds after the start.
  await until('the profile is written', () => exitTypeOf(profile) === 'Crashed', 15_000);
  await first.kill();
  const second = await startKiosk(t, display, profile, url);
  await allSay(second.page, 'offline');
  const difference = Math.max(...meanDifference(before, screenshot(display)));
  // The seconds in the tiles change; a bubble of the browser is ten times as much.
  assert.ok(difference < 4, `the screen differs by ${difference.toFixed(1)} levels`);
  for (const camera of server.cameras.values()) camera.say('live');
  await allSay(second.page, 'live');
});

function exitTypeOf(profile: string): string {
  try {
    const text = readFileSync(join(profile, 'Default/Preferences'), 'utf8');
    return (JSON.parse(text) as { profile?: { exit_type?: string } }).profile?.exit_type ?? '';
  } catch {
    return '';
  }
}

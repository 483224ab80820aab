import type { TestContext } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { FakeWallServer } from './fake-server.js';

/** The built wall page over invented cameras, and what every test of it looks at. */

export interface OpenWall {
  readonly server: FakeWallServer;
  readonly page: Page;
  /** What the page wrote to the console, plain logs apart, and errors that nothing caught. */
  readonly complaints: readonly string[];
}

/** `options` are those of the browser's context. Page and server end with the test. */
export async function openWall(
  t: TestContext,
  browser: Browser,
  cameras: readonly (readonly [name: string, title: string])[],
  options: BrowserContextOptions = {},
): Promise<OpenWall> {
  const server = await FakeWallServer.start(10);
  t.after(() => server.close());
  for (const [name, title] of cameras) server.add(name, title);
  const page = await browser.newPage({
    viewport: { width: 1280, height: 720 },
    locale: 'en-GB',
    ...options,
  });
  t.after(() => page.close());
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'log') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(server.url);
  return { server, page, complaints };
}

export const untilState = (page: Page, camera: string, state: string, timeout = 12_000): Promise<void> =>
  page.locator(`camera-tile[camera="${camera}"][state="${state}"]`).waitFor({ timeout });

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';

/** Tabs of one window, of which one is shown and the others are hidden, as a person has them. */
export interface Tabs {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/**
 * Playwright makes every page that it launches believe that it is shown and has the focus. Only over a second connection, told
 * to leave the browser's own window as it is, are hidden tabs hidden: `document.hidden` is true, and nothing is painted.
 */
export async function openTabs(): Promise<Tabs> {
  const browser = await launchChromium(['--remote-debugging-port=0']);
  try {
    const session = await browser.newBrowserCDPSession();
    const { commandLine } = await session.send('SystemInfo.getInfo');
    const folder = /--user-data-dir=(\S+)/.exec(commandLine)?.[1];
    assert.ok(folder, commandLine);
    // Port and path of its debugging socket, on a line each.
    const [port, path] = readFileSync(join(folder, 'DevToolsActivePort'), 'utf8').split('\n');
    const tabs = await chromium.connectOverCDP(`ws://127.0.0.1:${port ?? ''}${path ?? ''}`, {
      noDefaults: true,
    });
    const context = tabs.contexts()[0];
    assert.ok(context);
    return { context, close: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

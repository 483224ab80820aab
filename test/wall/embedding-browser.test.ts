import { once } from 'node:events';
import { createServer } from 'node:http';
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { suiteScope } from '../support/suite-scope.js';
import { type Decoy, openDecoy } from '../security/target.js';
import { openConfiguredService, type ConfiguredService } from '../support/configured-service.js';

/** `<img>` on pages of other origins, in a real browser: shown where ALLOWED_ORIGINS names the page's, and nowhere else. */

const PATHS = [
  '/snapshot?camera_index=cam1',
  '/stream.mjpeg?camera_index=cam1',
  '/api/frame.jpeg?src=cam1',
  '/api/stream.mjpeg?src=cam1',
];
const options = { timeout: 40_000 };

describe('an <img> on a page of another origin', { timeout: 60_000 }, () => {
  let browser: Browser;
  let configured: ConfiguredService;
  let listed: string;
  let stranger: string;
  let camera: Decoy;
  const scope = suiteScope();

  /** A site of its own: another host name or port is another origin. */
  async function site(): Promise<number> {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>elsewhere</title>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    scope.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    return address.port;
  }

  before(async () => {
    listed = `http://localhost:${await site()}`;
    stranger = `http://127.0.0.1:${await site()}`;
    configured = await openConfiguredService({ count: 1 }, { ALLOWED_ORIGINS: listed });
    scope.after(() => configured.stop());
    camera = await openDecoy();
    scope.after(() => camera.close());
    browser = await launchChromium();
    scope.after(() => browser.close());
  }, options);

  /** Width of the picture, or 0 when the browser does not show it. */
  async function shown(page: Page, path: string, attributes = ''): Promise<number> {
    return page.evaluate<number>(`new Promise((resolve) => {
      document.body.innerHTML = '<img ${attributes}>';
      const image = document.querySelector('img');
      image.onload = () => resolve(image.naturalWidth);
      image.onerror = () => resolve(0);
      image.src = '${configured.service.url}${path}';
    })`);
  }

  async function pageOf(origin: string, t: { after(fn: () => unknown): void }): Promise<Page> {
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(origin);
    return page;
  }

  test('is shown when ALLOWED_ORIGINS names the page', options, async (t) => {
    const page = await pageOf(listed, t);
    for (const path of PATHS) assert.equal(await shown(page, path), 640, path);
  });

  test('is blocked on every other page, also on one that hides where it comes from', options, async (t) => {
    const page = await pageOf(stranger, t);
    for (const path of PATHS) {
      assert.equal(await shown(page, path), 0, path);
      assert.equal(await shown(page, path, 'referrerpolicy="no-referrer"'), 0, path);
    }
    // It makes the service dial nothing either.
    const dialled = encodeURIComponent(`rtsp://127.0.0.1:${camera.port}/x`);
    for (const path of ['/snapshot', '/stream.mjpeg'])
      for (const attributes of ['', 'referrerpolicy="no-referrer"'])
        assert.equal(await shown(page, `${path}?camera_index=other&rtsp=${dialled}`, attributes), 0);
    assert.deepEqual(camera.contacts, []);
    const own = await pageOf(`${configured.service.url}/healthz`, t);
    for (const path of PATHS) assert.equal(await shown(own, path), 640, path);
  });
});

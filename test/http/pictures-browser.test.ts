import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { openConfiguredService, type ConfiguredService } from '../support/configured-service.js';
import { untilSeen } from '../support/until.js';

/** An `<img>` as home automation pages and kiosks have it, in a real browser. */

const options = { timeout: 40_000 };

describe('an <img> in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser;
  let configured: ConfiguredService;
  before(async () => {
    configured = await openConfiguredService({ count: 1 });
    browser = await launchChromium();
  }, options);
  after(async () => {
    await browser.close();
    await configured.stop();
  }, options);

  for (const path of ['/stream.mjpeg?camera_index=cam1', '/api/stream.mjpeg?src=cam1&t=1']) {
    test(`plays ${path}: its pixels change again and again`, options, async (t) => {
      const page = await browser.newPage();
      t.after(() => page.close());
      await page.goto(`${configured.service.url}/healthz`);
      // Scripts as text: this project's types know no DOM.
      await page.evaluate(`document.body.innerHTML = '<img id=tile src="${path}"><canvas id=copy>'`);
      const sample = (): Promise<string> =>
        page.evaluate<string>(`(() => {
          const image = document.getElementById('tile'), canvas = document.getElementById('copy');
          if (image.naturalWidth !== 640) return '';
          canvas.width = 64; canvas.height = 36;
          canvas.getContext('2d').drawImage(image, 0, 0, 64, 36);
          return canvas.toDataURL();
        })()`);
      const seen = new Set<string>();
      await untilSeen(
        async () => {
          const pixels = await sample();
          if (pixels !== '') seen.add(pixels);
          return seen.size;
        },
        (pictures) => pictures >= 8,
        25_000,
      );
    });
  }
});

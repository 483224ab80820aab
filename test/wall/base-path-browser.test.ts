import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../support/chromium.js';
import { openConfiguredService } from '../support/configured-service.js';
import { untilState } from './open-wall.js';

test(
  'below BASE_PATH the page asks for nothing beside it, with and without a slash at its end',
  { timeout: 60_000 },
  async (t) => {
    const token = 'a-token';
    const configured = await openConfiguredService(
      { count: 1 },
      { BASE_PATH: '/cams/x', AUTH_TOKENS: token },
    );
    const { service } = configured;
    t.after(() => configured.stop());
    const browser = await launchChromium();
    t.after(() => browser.close());
    for (const path of [`/cams/x?token=${token}`, '/cams/x/', '/cams/x/?kiosk=1']) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      page.on('websocket', (socket) => asked.push(socket.url()));
      if (!path.includes('token')) await page.goto(`${service.url}/cams/x/?token=${token}`);
      await page.goto(`${service.url}${path}`);
      await untilState(page, 'cam1', 'live');
      const [cookie] = await context.cookies(`${service.url}/cams/x`);
      assert.deepEqual([cookie?.name, cookie?.path], ['rtsp_ws_token', '/cams/x']);
      const beside = asked.filter(
        (url) => /^(http|ws)/.test(url) && !new URL(url).pathname.startsWith('/cams/x'),
      );
      assert.deepEqual(beside, []);
      await context.close();
    }
  },
);

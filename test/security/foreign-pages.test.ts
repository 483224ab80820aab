import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  assertUnharmed,
  type Decoy,
  metric,
  openDecoy,
  openedCameras,
  startTarget,
  type Target,
  wsPath,
} from './target.js';
import { until } from '../support/until.js';

/**
 * What a page of another site can make a visitor's browser ask for without an Origin: pictures, frames, links. It makes the
 * service dial nothing, takes no place, and costs the visitor neither connections nor tries of a token.
 */

const timeout = 60_000;
const TOKEN = 'right-token';
const LISTED = 'https://wall.example:8443';

/** As browsers send them; without Sec-Fetch-Site where the service is neither https nor localhost. */
const FOREIGN: readonly Readonly<Record<string, string>>[] = [
  { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'image' },
  { 'Sec-Fetch-Site': 'cross-site', Referer: 'https://evil.example/page' },
  { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' },
  { 'Sec-Fetch-Site': 'same-site' },
  { 'Sec-Fetch-Site': 'CROSS-SITE' },
  { Referer: 'http://evil.example/' },
  { Referer: 'http://127.0.0.1:1/' },
  { Referer: 'not a URL' },
];

let target: Target;
let camera: Decoy;

before(
  async () => {
    camera = await openDecoy();
    target = await startTarget(
      {
        AUTH_TOKENS: TOKEN,
        ALLOWED_ORIGINS: LISTED,
        MAX_FAILED_TOKENS_PER_MINUTE: '5',
        MAX_CONNECTIONS_PER_SECOND: '5',
      },
      { Authorization: `Bearer ${TOKEN}` },
    );
  },
  { timeout },
);
after(
  async () => {
    await camera.close();
    await target.close();
  },
  { timeout },
);

const ask = async (path: string, headers: Readonly<Record<string, string>>): Promise<[number, string]> => {
  const response = await fetch(`${target.service.url}${path}`, { headers });
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  const text = isJson ? await response.text() : '';
  await response.body?.cancel().catch(() => undefined);
  return [response.status, (JSON.parse(text === '' ? '{}' : text) as { error?: string }).error ?? ''];
};

const picturePaths = (token: string): string[] => {
  const dialled = { rtsp: `rtsp://127.0.0.1:${camera.port}/x`, token };
  return [
    wsPath({ camera_index: 'a', ...dialled }).replace('/ws', '/snapshot'),
    wsPath({ camera_index: 'b', ...dialled }).replace('/ws', '/stream.mjpeg'),
    `/snapshot?camera_index=honest&token=${token}`,
    `/api/frame.jpeg?src=honest&token=${token}`,
    `/api/stream.mjpeg?src=honest&token=${token}`,
  ];
};
const readPaths = (token: string): string[] => [
  `/metrics?token=${token}`,
  `/api/cameras?token=${token}`,
  `/api/streams?token=${token}`,
];

test("a stranger's page makes the service dial nothing and read nothing", { timeout }, async () => {
  for (const headers of FOREIGN)
    for (const path of [...picturePaths(TOKEN), ...readPaths(TOKEN)])
      assert.deepEqual(
        await ask(path, headers),
        [403, 'origin_denied'],
        `${path} ${JSON.stringify(headers)}`,
      );
  assert.deepEqual(camera.contacts, []);
  const bearer = { Authorization: `Bearer ${TOKEN}` };
  assert.deepEqual(await openedCameras(target.service, bearer), ['honest']);
  assert.ok((await metric(target.service, 'rtsp_ws_rejected_total{reason="origin_denied"}', bearer)) > 50);
});

test(
  "a stranger's page uses up neither the visitor's connections nor its tries of a token",
  { timeout },
  async () => {
    for (const headers of FOREIGN) {
      for (const path of picturePaths('wrong')) assert.equal((await ask(path, headers))[0], 403, path);
      // The page itself may be linked to: what it is asked for with a wrong token is told so, and counted apart.
      assert.ok([401, 429].includes((await ask('/?token=wrong', headers))[0]));
    }
    for (let i = 0; i < 4; i++)
      assert.equal((await ask(`/snapshot?camera_index=honest&token=${TOKEN}`, {}))[0], 200);
  },
);

test('links to the page, its own requests, listed pages and programs are served', { timeout }, async () => {
  const host = new URL(target.service.url).host;
  const link = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
  assert.equal((await ask(`/?token=${TOKEN}`, link))[0], 200);
  for (const headers of [
    {},
    { 'Sec-Fetch-Site': 'none' },
    { 'Sec-Fetch-Site': 'same-origin' },
    { Referer: `http://${host}/` },
    { 'Sec-Fetch-Site': 'cross-site', Referer: `${LISTED}/a/b` },
    { Referer: `${LISTED}/` },
  ])
    for (const path of [`/api/frame.jpeg?src=honest&token=${TOKEN}`, `/api/cameras?token=${TOKEN}`])
      // Attempts to watch count, five a second.
      await until(`${path} ${JSON.stringify(headers)}`, async () => {
        const [status] = await ask(path, headers);
        assert.ok(status === 200 || status === 429, `${status} to ${JSON.stringify(headers)}`);
        return status === 200;
      });
  await assertUnharmed(target);
});

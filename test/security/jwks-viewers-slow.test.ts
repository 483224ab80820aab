import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { startService } from '../../bench/lib/service.js';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { createSigner, keySetOf, type TestSigner } from '../access/signer.js';
import { closeOf, framesIn, get, openSocket } from '../proxies/rig.js';
import { suiteScope } from '../support/suite-scope.js';
import { tempFolder } from '../support/temp-folder.js';

/** Tokens of a signer elsewhere, limited to a view or by groups, on every path; and a signer that takes its time. */

const timeout = 60_000;
const scope = suiteScope();
const FPS = 10;
const SLOW_MS = 1500;

let signer: TestSigner;
let later: TestSigner;
let service: ServerProcess;
const source = { keys: '', slowMs: 0 };

before(
  async () => {
    [signer, later] = await Promise.all([createSigner('first', 'RS256'), createSigner('later')]);
    source.keys = JSON.stringify(keySetOf(signer));
    const cameras = await spawnCameras({ width: 160, height: 90, fps: FPS, count: 2, portsEach: true });
    scope.after(() => cameras.stop());
    const file = join(tempFolder(scope), 'cameras.yaml');
    const [gate, vault] = cameras.urls;
    const config = {
      cameras: [
        { name: 'gate', url: gate, always_on: true },
        { name: 'vault', url: vault, always_on: true },
      ],
      views: [{ name: 'hall', cameras: ['gate'] }, { name: 'all' }],
      groups: [{ name: 'guards', cameras: ['vault'] }],
    };
    writeFileSync(file, JSON.stringify(config));
    const port = await serveKeys();
    service = await startService({
      env: {
        CONFIG_FILE: file,
        JWT_JWKS_URL: `http://127.0.0.1:${port}/keys`,
        JWT_AUDIENCE: 'cameras',
        JWT_GROUPS_CLAIM: 'realm_access.roles',
      },
    });
    scope.after(() => service.stop());
  },
  { timeout },
);

async function serveKeys(): Promise<number> {
  const server: Server = createServer((_, answer) => {
    setTimeout(() => answer.end(source.keys), source.slowMs);
  }).listen(0, '127.0.0.1');
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

const clientOf = async (claims: object, by = signer) => ({
  headers: { Authorization: `Bearer ${await by.sign({ aud: 'cameras', ...claims })}` },
});

test(
  'a token that is limited to a view opens that view and its cameras, and nothing else',
  { timeout },
  async (t) => {
    const client = await clientOf({ views: ['hall'] });
    const statusOf = async (path: string): Promise<number> => (await get(service.port, path, client)).status;
    for (const [path, status] of [
      ['/', 200],
      ['/view/hall', 200],
      ['/view/all', 403],
      ['/view/unknown', 403],
      ['/snapshot?camera_index=gate', 200],
      ['/snapshot?camera_index=vault', 403],
      ['/stream.mjpeg?camera_index=vault', 403],
      ['/api/frame.jpeg?src=vault', 403],
      ['/api/stream.mjpeg?src=vault', 403],
    ] as const)
      assert.equal(await statusOf(path), status, path);
    for (const path of ['/api/views', '/api/cameras', '/api/streams', '/metrics']) {
      const { text } = await get(service.port, path, client);
      assert.ok(!text.includes('vault'), path);
      assert.ok(path === '/metrics' || text.includes('gate'), path);
    }
    assert.deepEqual(
      (
        JSON.parse((await get(service.port, '/api/views', client)).text) as { views: { view: string }[] }
      ).views.map(({ view }) => view),
      ['hall'],
    );
    for (const path of ['/ws?camera_index=vault', '/api/ws?src=vault'])
      assert.equal((await closeOf(openSocket(t, service.port, path, client))).code, 4403, path);
    const wall = openSocket(t, service.port, '/wall', client);
    const refused: { readonly handle: number; readonly reason: string }[] = [];
    wall.socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary && data.toString().includes('"refused"'))
        refused.push(JSON.parse(data.toString()) as (typeof refused)[number]);
    });
    await once(wall.socket, 'open');
    for (const [handle, camera] of [
      [1, 'gate'],
      [2, 'vault'],
    ] as const)
      wall.socket.send(JSON.stringify({ type: 'subscribe', handle, camera }));
    assert.ok((await framesIn(wall, 300)) >= 0);
    assert.deepEqual(
      refused.map(({ handle, reason }) => [handle, reason]),
      [[2, 'camera_not_allowed']],
    );
  },
);

test(
  'groups are found where the settings say, and a token without one shows nothing',
  { timeout },
  async () => {
    const listOf = async (claims: object): Promise<string[]> => {
      const { text } = await get(service.port, '/api/cameras', await clientOf(claims));
      return (JSON.parse(text) as { cameras: { camera: string }[] }).cameras.map(({ camera }) => camera);
    };
    assert.deepEqual(await listOf({ realm_access: { roles: ['guards', 'x'] } }), ['vault']);
    assert.deepEqual(await listOf({ groups: ['guards'] }), []);
    assert.deepEqual(await listOf({}), []);
    const other = await clientOf({ aud: 'another service', cameras: ['gate'] });
    assert.equal((await get(service.port, '/api/cameras', other)).status, 401);
  },
);

test(
  'viewers whose key has to be asked for wait for it, stay, and get every frame',
  { timeout },
  async (t) => {
    // The cool-down of keys begins with the start.
    const cooledDown = sleep(31_000);
    const known = openSocket(t, service.port, '/ws?camera_index=gate', await clientOf({ cameras: ['gate'] }));
    await cooledDown;
    source.keys = JSON.stringify(keySetOf(signer, later));
    source.slowMs = SLOW_MS;
    const client = await clientOf({ cameras: ['gate'] }, later);
    const began = performance.now();
    const viewers = Array.from({ length: 5 }, () =>
      openSocket(t, service.port, '/ws?camera_index=gate', client),
    );
    // Who has a known key does not wait for the others'.
    const quick = openSocket(t, service.port, '/ws?camera_index=gate', await clientOf({ cameras: ['gate'] }));
    await framesIn(quick, 100);
    assert.ok(performance.now() - began < SLOW_MS, 'a known key waits for nobody');
    for (const frames of await Promise.all(viewers.map((viewer) => framesIn(viewer, 3000))))
      assert.ok(frames >= 3 * FPS * 0.6, `${frames} frames in 3 s`);
    assert.equal(known.closed, null, 'nobody else noticed');
  },
);

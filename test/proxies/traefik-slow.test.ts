import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { freePort } from '../support/free-port.js';
import { suiteScope } from '../support/suite-scope.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';
import { servesWithoutSlash, testBehindProxy } from './behaviour.js';
import { basicAuth, get, HOST, startBehindProxy, startProxy } from './rig.js';

/** docker/proxies/traefik.yaml, with the sign-in that it shows: a service that Traefik asks (forwardAuth). */

const timeout = 60_000;
const scope = suiteScope();
const CONF = new URL('../../../docker/proxies/traefik.yaml', import.meta.url);

let service: ServerProcess;
let port: number;

/** Knows ann, who is in the group `hall`, and joe. */
async function startSignIn(): Promise<number> {
  const server = createServer(({ headers }, response) => {
    const name = ['ann', 'joe'].find((person) => headers.authorization === basicAuth(person));
    if (name === undefined) response.writeHead(401, { 'WWW-Authenticate': 'Basic' });
    else
      response.writeHead(200, {
        'X-Forwarded-User': name,
        'X-Forwarded-Groups': name === 'ann' ? 'hall' : '',
      });
    response.end();
  }).listen(0, HOST);
  await once(server, 'listening');
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

before(
  async () => {
    service = await startBehindProxy(scope);
    const signIn = await startSignIn();
    port = await freePort();
    const folder = tempFolder(scope);
    const dynamic = readFileSync(CONF, 'utf8')
      .replace('http://127.0.0.1:8003', `http://${HOST}:${service.port}`)
      .replace('[cameras-headers]', '[cameras-headers, sign-in]')
      .replaceAll(/^( +)# (.*(?:sign-in|forwardAuth|authResponseHeaders|address).*)$/gm, '$1$2')
      .replace('http://127.0.0.1:9091/verify', `http://${HOST}:${signIn}/`);
    writeFileSync(join(folder, 'dynamic.yaml'), dynamic);
    const main = {
      entryPoints: { web: { address: `${HOST}:${port}` } },
      providers: { file: { filename: join(folder, 'dynamic.yaml'), watch: false } },
      global: { checkNewVersion: false, sendAnonymousUsage: false },
    };
    writeFileSync(join(folder, 'traefik.yaml'), JSON.stringify(main));
    await startProxy(scope, 'traefik', ['--configFile', join(folder, 'traefik.yaml')], port);
    // It listens before it has read where requests go.
    await until('it knows its routes', async () => (await get(port, '/cameras/')).status === 401);
  },
  { timeout },
);

test('everything is found below the path, also without a slash at its end', { timeout }, () =>
  servesWithoutSlash(port),
);

testBehindProxy(() => ({ service, ports: [port], hasSmallBuffers: false }));

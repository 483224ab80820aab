import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { freePort } from '../support/free-port.js';
import { suiteScope } from '../support/suite-scope.js';
import { tempFolder } from '../support/temp-folder.js';
import { serves, testBehindProxy } from './behaviour.js';
import { basicAuth, get, HOST, startBehindProxy, startProxy } from './rig.js';

/** docker/proxies/nginx.conf, with a sign-in of nginx's own: once as it is, once with the prefix stripped. */

const timeout = 60_000;
const scope = suiteScope();
const CONF = new URL('../../../docker/proxies/nginx.conf', import.meta.url);

let service: ServerProcess;
let kept: number;
let stripped: number;

before(
  async () => {
    service = await startBehindProxy(scope);
    [kept, stripped] = [await freePort(), await freePort()];
    const folder = tempFolder(scope);
    writeFileSync(join(folder, 'people'), 'ann:{PLAIN}pw\njoe:{PLAIN}pw\n');
    writeFileSync(join(folder, 'nginx.conf'), configuration(folder));
    await startProxy(scope, 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], kept);
  },
  { timeout },
);

function configuration(folder: string): string {
  const sample = readFileSync(CONF, 'utf8');
  const signIn = sample
    .replace("X-Forwarded-Groups ''", 'X-Forwarded-Groups $groups')
    .replace('location /cameras/ {', 'auth_basic cameras; auth_basic_user_file people; location /cameras/ {');
  const [map = '', server = ''] = signIn.split(/^(?=server)/m);
  const on = (port: number, upstream: string): string =>
    server
      .replace('listen 80;', `listen ${HOST}:${port} sndbuf=64k;`)
      .replace('proxy_pass http://127.0.0.1:8003', `proxy_pass http://${HOST}:${service.port}${upstream}`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  return `daemon off; master_process off; pid ${join(folder, 'pid')};
events {}
http {
${temporary.join('\n')}
access_log off;
map $remote_user $groups { ann hall; default ''; }
${map}${on(kept, '')}${on(stripped, '/')}
}
`;
}

test('everything is found below the path, whether nginx strips it or not', { timeout }, async () => {
  for (const port of [kept, stripped]) await serves(port);
  const bare = await get(kept, '/cameras?kiosk=1', { headers: { Authorization: basicAuth('ann') } });
  assert.deepEqual([bare.status, bare.headers.location], [308, `http://${HOST}:${kept}/cameras/?kiosk=1`]);
  assert.equal((await get(kept, '/cameras/')).status, 401, 'nobody comes in without a name');
});

testBehindProxy(() => ({ service, ports: [kept, stripped], hasSmallBuffers: true }));

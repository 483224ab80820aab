import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { freePort } from '../support/free-port.js';
import { suiteScope } from '../support/suite-scope.js';
import { tempFolder } from '../support/temp-folder.js';
import { servesWithoutSlash, testBehindProxy } from './behaviour.js';
import { HOST, startBehindProxy, startProxy } from './rig.js';

/** docker/proxies/haproxy.cfg, with a sign-in of HAProxy's own. */

const timeout = 60_000;
const scope = suiteScope();
const CONF = new URL('../../../docker/proxies/haproxy.cfg', import.meta.url);
const PEOPLE = `
userlist people
  user ann insecure-password pw
  user joe insecure-password pw
`;

let service: ServerProcess;
let port: number;

before(
  async () => {
    service = await startBehindProxy(scope);
    port = await freePort();
    const sample = readFileSync(CONF, 'utf8')
      .replaceAll(/^# {3}(tune\.)/gm, '  $1')
      .replace('bind :80', `bind ${HOST}:${port}`)
      .replace('127.0.0.1:8003', `${HOST}:${service.port}`)
      .replaceAll(/# (http-request (?:auth|set-header))/g, '$1')
      .replace(
        'server relay',
        'http-request set-header X-Forwarded-Groups hall if { http_auth_user ann }\n  server relay',
      );
    const file = join(tempFolder(scope), 'haproxy.cfg');
    writeFileSync(file, `global\n${sample}${PEOPLE}`);
    await startProxy(scope, 'haproxy', ['-db', '-f', file], port);
  },
  { timeout },
);

test('everything is found below the path, also without a slash at its end', { timeout }, () =>
  servesWithoutSlash(port),
);

testBehindProxy(() => ({ service, ports: [port], hasSmallBuffers: true }));

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { freePort } from '../support/free-port.js';
import { suiteScope } from '../support/suite-scope.js';
import { tempFolder } from '../support/temp-folder.js';
import { servesWithoutSlash, testBehindProxy } from './behaviour.js';
import { HOST, startBehindProxy, startProxy } from './rig.js';

/** docker/proxies/Caddyfile, with a sign-in of Caddy's own. */

const timeout = 60_000;
const scope = suiteScope();
const CONF = new URL('../../../docker/proxies/Caddyfile', import.meta.url);
/** `pw`, as `caddy hash-password` makes it, at the least cost. */
const PW = '$2a$04$HhxdwcH801wDDcivCM81eeX6MatTaMPI3tBxM9rmz90lgZVSeDs8W';

let service: ServerProcess;
let port: number;

before(
  async () => {
    service = await startBehindProxy(scope);
    port = await freePort();
    const folder = tempFolder(scope);
    const sample = readFileSync(CONF, 'utf8')
      .replace(
        'cameras.example {',
        `http://${HOST}:${port} {\n\tmap {http.auth.user.id} {groups} {\n\t\tann hall\n\t\tdefault ""\n\t}`,
      )
      .replace('127.0.0.1:8003', `${HOST}:${service.port}`)
      .replace(/^\t+header_up -X-Forwarded-User\n/m, '')
      .replaceAll(/# (basic_auth |header_up X-Forwarded-User )/g, '$1')
      .replaceAll(/#\s+(\}|ann .*)$/gm, '$1')
      .replace('HASH_OF_CADDY_HASH_PASSWORD', () => `${PW}\n\t\tjoe ${PW}`)
      .replace('header_up -X-Forwarded-Groups', 'header_up X-Forwarded-Groups {groups}');
    const file = join(folder, 'Caddyfile');
    writeFileSync(
      file,
      `{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n\tstorage file_system ${folder}\n}\n${sample}`,
    );
    await startProxy(scope, 'caddy', ['run', '--adapter', 'caddyfile', '--config', file], port);
  },
  { timeout },
);

test('everything is found below the path, also without a slash at its end', { timeout }, () =>
  servesWithoutSlash(port),
);

testBehindProxy(() => ({ service, ports: [port], hasSmallBuffers: false }));

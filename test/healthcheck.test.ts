import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { service } from './faults/rig.js';

const PROGRAM = fileURLToPath(new URL('../src/healthcheck.js', import.meta.url));
const DOCKERFILE = fileURLToPath(new URL('../../docker/Dockerfile', import.meta.url));
const timeout = 30_000;

function healthcheck(env: Readonly<Record<string, string>>): { code: number | null; words: string } {
  const run = spawnSync(process.execPath, [PROGRAM], { env, encoding: 'utf8', timeout });
  return { code: run.status, words: run.stdout + run.stderr };
}

test(
  'the service that runs with the same settings is healthy; where none listens, none is',
  { timeout },
  async (t) => {
    const server = await service(t);
    const PORT = String(server.port);
    assert.deepEqual(healthcheck({ PORT }), { code: 0, words: 'healthy\n' });
    assert.equal(healthcheck({ PORT, HOST: '0.0.0.0' }).code, 0, 'everywhere is here as well');
    await server.stop();
    const after = healthcheck({ PORT });
    assert.equal(after.code, 1);
    assert.match(after.words, /^unhealthy: connect ECONNREFUSED 127\.0\.0\.1:\d+\n$/);
  },
);

test('settings that are wrong are said, and are not healthy', { timeout }, () => {
  const { code, words } = healthcheck({ PORT: 'high' });
  assert.equal(code, 1);
  assert.match(words, /^unhealthy: .*PORT="high"/s);
});

test('the image asks with it', { timeout }, () => {
  const [, program] = /^HEALTHCHECK[^[]*\["node", "(.+)"\]$/m.exec(readFileSync(DOCKERFILE, 'utf8')) ?? [];
  assert.ok(program !== undefined && PROGRAM.endsWith(`/${program}`), String(program));
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempFolder } from '../support/temp-folder.js';

/** docker/compose.yaml as Docker Compose itself reads it: that needs no Docker. */

const FILE = fileURLToPath(new URL('../../../docker/compose.yaml', import.meta.url));
const timeout = 60_000;

/** @returns what Compose complains of; empty when it takes the file with every profile */
function complaints(file: string): string {
  const args = ['-f', file, '--profile', 'cluster', '--profile', 'monitoring', 'config', '--quiet'];
  const { status, stdout, stderr } = spawnSync('docker-compose', args, { encoding: 'utf8', timeout });
  return status === 0 ? '' : `${stdout}${stderr}` || `status ${status ?? 'none'}`;
}

test('Docker Compose takes the file, and would refuse a misspelled key', { timeout }, (t) => {
  assert.equal(complaints(FILE), '');
  const misspelled = join(tempFolder(t), 'compose.yaml');
  writeFileSync(misspelled, readFileSync(FILE, 'utf8').replace('mem_limit', 'mem_limits'));
  assert.match(complaints(misspelled), /mem_limits/);
});

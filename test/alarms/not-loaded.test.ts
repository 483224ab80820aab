import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const IMPORT = /^(?:import|export)\s(?:[^'";]*?\sfrom\s)?['"]([^'"]+)['"]/gm;

/** What is loaded with a module: its imports and theirs, but not what they import later. */
function loadedWith(file: string, all = new Set<string>()): Set<string> {
  if (all.has(file)) return all;
  all.add(file);
  for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(IMPORT))
    if (name.startsWith('.')) loadedWith(fileURLToPath(new URL(name, `file://${file}`)), all);
    else all.add(name);
  return all;
}

test(
  'a service without receivers loads nothing of the alarms, one without a broker no MQTT',
  { timeout: 30_000 },
  () => {
    const src = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
    const service = [...loadedWith(src('serve.js'))];
    assert.ok(service.includes(src('start-alarms.js')) && service.includes('prom-client'));
    assert.deepEqual(
      service.filter((name) => name === 'mqtt' || name.startsWith(src('alarms/'))),
      [],
    );
    const alarms = loadedWith(src('alarms/create-alarms.js'));
    assert.ok(alarms.has(src('alarms/webhook/webhook-post.js')) && !alarms.has('mqtt'));
    assert.ok(loadedWith(src('alarms/mqtt/mqtt-sink.js')).has('mqtt'));
  },
);

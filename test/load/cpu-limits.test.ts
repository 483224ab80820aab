import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { idleShare, IdleMeter, type Reading } from '../../src/load/cpu-idle.js';
import { allowedCpus, cpuLimits } from '../../src/load/cpu-limits.js';
import { until } from '../support/until.js';
import { tempFolder } from '../support/temp-folder.js';

/** A folder with `proc` and `sys` as a machine would show them. */
function machine(t: TestContext, files: Record<string, string>): string {
  const root = tempFolder(t);
  for (const [path, text] of Object.entries(files)) put(root, path, text);
  return root;
}

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `${text}\n`);
}

const limitsOf = (root: string) =>
  cpuLimits(root).map(({ group, cores, usedMs }) => ({ group: group.slice(root.length), cores, usedMs }));

test('version 2: the limits of the own group and of those around it', { timeout: 30_000 }, (t) => {
  const root = machine(t, {
    'proc/self/cgroup': '0::/system.slice/wall.service',
    'sys/fs/cgroup/cpu.stat': 'usage_usec 99',
    'sys/fs/cgroup/system.slice/cpu.max': '400000 100000',
    'sys/fs/cgroup/system.slice/cpu.stat': 'usage_usec 7000000\nuser_usec 1',
    'sys/fs/cgroup/system.slice/wall.service/cpu.max': '150000 100000',
    'sys/fs/cgroup/system.slice/wall.service/cpu.stat': 'usage_usec 2500000\nuser_usec 2000000',
  });
  assert.deepEqual(limitsOf(root), [
    { group: '/sys/fs/cgroup/system.slice/wall.service', cores: 1.5, usedMs: 2500 },
    { group: '/sys/fs/cgroup/system.slice', cores: 4, usedMs: 7000 },
  ]);
});

test('version 2: a container sees its own group as the root', { timeout: 30_000 }, (t) => {
  const root = machine(t, {
    'proc/self/cgroup': '0::/',
    'sys/fs/cgroup/cpu.max': '50000 100000',
    'sys/fs/cgroup/cpu.stat': 'usage_usec 1000',
  });
  assert.deepEqual(limitsOf(root), [{ group: '/sys/fs/cgroup', cores: 0.5, usedMs: 1 }]);
});

test('version 1: quota and use lie in two trees', { timeout: 30_000 }, (t) => {
  const root = machine(t, {
    'proc/self/cgroup': '4:memory:/a\n3:cpu,cpuacct:/docker/0af\n2:cpuset:/a\n0::/',
    // Inside the container the path on the host is not there: the group is the root.
    'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '200000',
    'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    'sys/fs/cgroup/cpuacct/cpuacct.usage': '3000000000',
  });
  assert.deepEqual(limitsOf(root), [{ group: '/sys/fs/cgroup/cpu', cores: 2, usedMs: 3000 }]);
});

test('no limit, no control groups, and nonsense are no limits', { timeout: 30_000 }, (t) => {
  const unlimited = machine(t, {
    'proc/self/cgroup': '5:cpu:/x\n0::/x',
    'sys/fs/cgroup/x/cpu.max': 'max 100000',
    'sys/fs/cgroup/x/cpu.stat': 'usage_usec 5',
    'sys/fs/cgroup/cpu/x/cpu.cfs_quota_us': '-1',
    'sys/fs/cgroup/cpu/x/cpu.cfs_period_us': '100000',
    'sys/fs/cgroup/cpuacct/x/cpuacct.usage': '5',
  });
  assert.deepEqual(cpuLimits(unlimited), []);
  assert.deepEqual(cpuLimits(tempFolder(t)), []);
  assert.deepEqual(cpuLimits(machine(t, { 'proc/self/cgroup': 'nonsense\n0::relative' })), []);
});

test('processors that the process may run on', { timeout: 30_000 }, (t) => {
  const root = machine(t, {
    'proc/self/status': 'Name:\tnode\nCpus_allowed_list:\t0-2,5\nMems_allowed_list:\t0',
  });
  assert.deepEqual([...(allowedCpus(root) ?? [])], [0, 1, 2, 5]);
  assert.equal(allowedCpus(tempFolder(t)), null);
});

test('a container at its limit has nothing idle, whatever the machine has', { timeout: 30_000 }, () => {
  const at = (seconds: number, usedSeconds: number): Reading => ({
    at: seconds * 1000,
    idle: seconds * 3000,
    total: seconds * 4000,
    limits: [{ group: 'own', cores: 2, usedMs: usedSeconds * 1000 }],
  });
  assert.equal(idleShare(at(0, 0), at(10, 20)), 0);
  assert.equal(idleShare(at(0, 0), at(10, 25)), 0);
  assert.equal(idleShare(at(0, 0), at(10, 15)), 0.25);
  // Where the group uses little, the machine tells.
  assert.equal(idleShare(at(0, 0), at(10, 1)), 0.75);
  // A limit that came meanwhile has no earlier count.
  assert.equal(idleShare({ ...at(0, 0), limits: [] }, at(10, 20)), 0.75);
});

test('a meter reads the machine: a share, and none when no time went by', { timeout: 30_000 }, async (t) => {
  const meter = new IdleMeter(machine(t, {}));
  await until('the kernel counts its next tick', () => {
    const share = meter.read();
    return Number.isNaN(share) ? false : (assert.ok(share >= 0 && share <= 1, `${share}`), true);
  });
});

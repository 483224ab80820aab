import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { barChart, lineChart } from '../../bench/lib/plot.js';
import { ticks } from '../../bench/lib/plot-frame.js';
import {
  assertPortFree,
  assertSoleListener,
  countListeners,
  listenersIn,
} from '../../bench/lib/port-check.js';
import {
  childrenOf,
  fdCountOf,
  isAlive,
  memoryOf,
  parseStat,
  statOf,
  threadsOf,
  treeUsage,
} from '../../bench/lib/proc.js';
import { writeReport } from '../../bench/lib/report.js';
import { markdownTable, number } from '../../bench/lib/table.js';
import { tempFolder } from '../support/temp-folder.js';

/** Asserts that tags nest and close, that attributes are quoted, and that text holds no stray markup. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  const token = /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let at = 0;
  for (let match = token.exec(xml); match !== null; match = token.exec(xml)) {
    const [all, closing, name = '', , selfClosing, text] = match;
    at += all.length;
    if (text !== undefined) assert.doesNotMatch(text, /&(?!(amp|lt|gt|quot);)/);
    else if (closing === '/') assert.equal(open.pop(), name);
    else if (selfClosing !== '/') open.push(name);
  }
  assert.equal(at, xml.length, `not XML from: ${xml.slice(at, at + 80)}`);
  assert.deepEqual(open, []);
  assert.doesNotMatch(xml, /NaN|Infinity|undefined/);
}

test('a table is Markdown with its columns aligned and its pipes escaped', { timeout: 30_000 }, () => {
  const columns = [{ title: 'server' }, { title: 'fps', align: 'right' as const }];
  assert.equal(
    markdownTable(columns, [
      ['a|b', 24.96],
      ['longer name', null],
      ['x', 12_345.6],
    ]),
    [
      '| server      |    fps |',
      '| ----------- | -----: |',
      '| a\\|b        |     25 |',
      '| longer name |      - |',
      '| x           | 12,346 |',
    ].join('\n'),
  );
});

test('numbers are printed with three significant digits, whole ones whole', { timeout: 30_000 }, () => {
  assert.deepEqual([0, 4000, 0.1234, 1.2345, 12.345, 123.45].map(number), [
    '0',
    '4,000',
    '0.123',
    '1.23',
    '12.3',
    '123',
  ]);
});

test('axis ticks are round and enclose the data', { timeout: 30_000 }, () => {
  assert.deepEqual(ticks(0, 100), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks(0, 0.7), [0, 0.2, 0.4, 0.6, 0.8]);
  assert.deepEqual(ticks(3, 47), [0, 10, 20, 30, 40, 50]);
});

test(
  'charts are well-formed XML, also with odd names, gaps, one point and no data',
  { timeout: 30_000 },
  () => {
    const base = { title: 'a < b & "c"\u0007', xLabel: 'viewers', yLabel: 'MiB' };
    const series = [
      {
        name: 'this & that',
        points: [
          [1, 5],
          [2, null],
          [4, 9],
        ] as const,
      },
      { name: 'one', points: [[3, 1]] as const },
    ];
    const chart = lineChart({ ...base, series, marker: { y: 12, label: 'limit <10 %>' } });
    assertWellFormed(chart);
    assert.match(chart, /M72\.0 [\d.]+M732\.0 /);
    assertWellFormed(lineChart({ ...base, series: [] }));
    assertWellFormed(lineChart({ ...base, series: [{ name: 'x', points: [[5, 0]] }] }));
    const bars = {
      title: 't',
      yLabel: 'ms',
      groups: ['<a>', 'b'],
      series: [{ name: 's', values: [1.5, null] }],
    };
    assertWellFormed(barChart(bars));
    assertWellFormed(barChart({ ...bars, groups: [], series: [] }));
  },
);

test('a report is written as JSON with the machine, and printed with its table', { timeout: 30_000 }, (t) => {
  const folder = tempFolder(t);
  const printed: string[] = [];
  const report = {
    name: 'fan-out',
    title: 'Fan-out',
    settings: { viewers: 3 },
    results: [1],
    table: '| t |',
  };
  const path = writeReport({ ...report, plots: { 'fan-out': '<svg/>' } }, folder, (text) =>
    printed.push(text),
  );
  const written = JSON.parse(readFileSync(path, 'utf8')) as { machine: { node: string }; settings: unknown };
  assert.equal(written.machine.node, process.version);
  assert.deepEqual(written.settings, { viewers: 3 });
  assert.equal(readFileSync(join(folder, 'fan-out.svg'), 'utf8'), '<svg/>');
  assert.match(printed.join(), /## Fan-out[^]*\| t \|/);
  assert.throws(() => writeReport({ ...report, name: '../x' }, folder), RangeError);
});

test('a process name with blanks and parentheses does not shift the fields', { timeout: 30_000 }, () => {
  const line = '42 (a) b (c) S 7 42 42 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 11 0 999 1 2';
  assert.deepEqual(parseStat(line), {
    pid: 42,
    parent: 7,
    name: 'a) b (c',
    state: 'S',
    cpuSeconds: 2,
    threads: 11,
  });
  assert.equal(parseStat(''), undefined);
});

test(
  'the memory, threads, descriptors and children of a process are read, until it is gone',
  { timeout: 30_000 },
  async (t) => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    t.after(() => child.kill('SIGKILL'));
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    assert.ok(childrenOf(process.pid).some((stat) => stat.pid === pid));
    assert.ok(isAlive(pid));
    assert.equal(statOf(pid)?.parent, process.pid);
    const memory = memoryOf(process.pid);
    assert.ok(memory !== undefined && memory.pssBytes > 0 && memory.rssBytes >= memory.pssBytes);
    assert.ok((fdCountOf(process.pid) ?? 0) > 3);
    assert.ok(threadsOf(process.pid).some((thread) => thread.id === process.pid));
    const usage = treeUsage(process.pid);
    assert.ok(usage !== undefined && usage.processes >= 2 && usage.pssBytes > memory.pssBytes);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(
      [isAlive(pid), statOf(pid), memoryOf(pid), fdCountOf(pid), treeUsage(pid)],
      [false, undefined, undefined, undefined, undefined],
    );
  },
);

async function listen(t: TestContext): Promise<number> {
  const server = createServer();
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a taken port is refused and a free one is not', { timeout: 30_000 }, async (t) => {
  const port = await listen(t);
  await assert.rejects(assertPortFree('127.0.0.1', port), /is taken/);
  assertSoleListener(port);
  const freed = createServer().listen(0, '127.0.0.1');
  await once(freed, 'listening');
  const { port: free } = freed.address() as AddressInfo;
  freed.close();
  await once(freed, 'close');
  await assertPortFree('127.0.0.1', free);
  assert.equal(countListeners(free), 0);
  assert.throws(() => assertSoleListener(free), /0 sockets/);
});

test('two servers that share a port are seen as two', { timeout: 30_000 }, () => {
  const row = (at: number, port: string, state: string): string =>
    `   ${at}: 0100007F:${port} 00000000:0000 ${state} 0:0`;
  const table = [
    '  sl  local_address rem_address   st',
    row(0, '1F43', '0A'),
    row(1, '1F43', '0A'),
    row(2, '1F43', '01'),
    row(3, '0016', '0A'),
  ];
  assert.equal(listenersIn(table.join('\n'), 8003), 2);
  assert.equal(listenersIn(table.join('\n'), 22), 1);
});

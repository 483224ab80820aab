import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Machine, machineLine } from './lib/report.js';

/**
 * Runs the benches one after another and writes bench/RESULTS.md: `node dist/bench/run.js [--quick]`.
 * The files of bench/results/ are what each bench wrote; the plots are copied beside RESULTS.md.
 */
const BENCHES = ['pipeline', 'capacity', 'fanout', 'latency', 'memory', 'first-frame'];

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const source = (path: string): string => here(`../../bench/${path}`);
const quick = process.argv.includes('--quick') ? ['--quick'] : [];
/** One bench that hangs must not take the night. */
const TIMEOUT_MS = 8 * 60_000;

for (const name of BENCHES) {
  console.error(`> ${name}`);
  const { status } = spawnSync(process.execPath, [here(`${name}.js`), ...quick], {
    stdio: 'inherit',
    timeout: TIMEOUT_MS,
  });
  if (status !== 0) console.error(`! ${name} failed`);
}

interface Written {
  readonly title: string;
  readonly measuredAt: string;
  readonly machine: Machine;
  readonly table: string;
}

const parts: string[] = [];
let machine = '';
mkdirSync(source('plots'), { recursive: true });
const written = readdirSync(source('results'));
for (const name of BENCHES) {
  if (!written.includes(`${name}.json`)) continue;
  const report = JSON.parse(readFileSync(source(`results/${name}.json`), 'utf8')) as Written;
  machine = `${machineLine(report.machine)}, ${report.measuredAt.slice(0, 10)}`;
  const plots = written.filter((file) => file.endsWith('.svg') && file.startsWith(name));
  for (const plot of plots) copyFileSync(source(`results/${plot}`), source(`plots/${plot}`));
  const pictures = plots.map((plot) => `![${report.title}](plots/${plot})`);
  parts.push(`## ${report.title}`, `\`node dist/bench/${name}.js\``, report.table, ...pictures);
}
const head = [
  '# Results',
  `Written by \`make bench\`${quick.length > 0 ? ' (quick and rough)' : ''}.`,
  machine,
];
writeFileSync(source('RESULTS.md'), `${[...head, ...parts].join('\n\n')}\n`);
console.error('> wrote bench/RESULTS.md');

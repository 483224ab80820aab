import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { IdleMeter } from '../../src/load/cpu-idle.js';
import { commandLine, QUICK } from '../lib/command-line.js';
import { runBench } from './bench-process.js';
import { BENCHES } from './benches.js';
import { copyPlots, forget, readReport } from './reports.js';
import { resultsPage, type BenchOutcome } from './results-page.js';

/**
 * `node dist/bench/run/main.js [--quick]`: every bench after the other, each in processes of its own, then bench/RESULTS.md with their plots
 * beside it. Ends with 1 when a bench failed; a target that was missed is a figure, not a failure.
 */
const { quick: isQuick } = commandLine({
  name: 'run',
  about: 'Runs the benches one after the other and writes bench/RESULTS.md.',
  options: QUICK,
});

const source = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const RESULTS = source('bench/results/');
const PLOTS = source('bench/plots/');
/** Packages that figures depend on. */
const PACKAGES = ['uWebSockets.js', 'piscina', 'jpeg-turbo', 'koffi', '@ffmpeg-installer/ffmpeg', 'ws'];

/** Before the first bench, ms. The load average would count whoever ended just now. */
const LOOK_MS = 3000;
const idle = new IdleMeter();
await sleep(LOOK_MS);
const busyBefore = 1 - idle.read();
/** Asked for before plots are written: those are no change of what is measured. */
const measuredRevision = revision();
const outcomes: BenchOutcome[] = [];
for (const { name, limitMs } of BENCHES) {
  console.error(`> ${name}`);
  forget(name, RESULTS);
  forget(name, PLOTS);
  const script = fileURLToPath(new URL(`../${name}/main.js`, import.meta.url));
  const { failure, seconds } = await runBench(script, isQuick ? ['--quick'] : [], limitMs);
  if (failure !== null) console.error(`! ${name}: ${failure}`);
  outcomes.push({
    name,
    failure,
    seconds,
    report: readReport(name, RESULTS),
    plots: copyPlots(name, RESULTS, PLOTS),
  });
}
const facts = { quick: isQuick, versions: versions(), revision: measuredRevision, busyBefore };
writeFileSync(source('bench/RESULTS.md'), resultsPage(outcomes, facts));
console.error('> wrote bench/RESULTS.md');
process.exitCode = outcomes.some(({ failure }) => failure !== null) ? 1 : 0;

/** Of the packages that are installed. */
function versions(): Record<string, string> {
  const manifest = z.object({ version: z.string() });
  return Object.fromEntries(
    PACKAGES.map((name) => {
      const text = readFileSync(source(`node_modules/${name}/package.json`), 'utf8');
      return [name, manifest.parse(JSON.parse(text)).version];
    }),
  );
}

function revision(): string | null {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: source('.'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

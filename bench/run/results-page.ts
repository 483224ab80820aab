import { machineLine } from '../lib/report.js';
import { markdownTable } from '../lib/table.js';
import type { WrittenReport } from './reports.js';
import { checksOf } from './targets.js';

/** One bench of the run. */
export interface BenchOutcome {
  readonly name: string;
  readonly report: WrittenReport | null;
  /** File names in `plots/`. */
  readonly plots: readonly string[];
  readonly failure: string | null;
  readonly seconds: number;
}

export interface RunFacts {
  readonly quick: boolean;
  /** Package and version: what the figures depend on besides the machine. */
  readonly versions: Readonly<Record<string, string>>;
  /** Revision of the sources; null outside a Git checkout. */
  readonly revision: string | null;
  /** Share of the cores that others took just before the run, 0-1. */
  readonly busyBefore: number;
}

/** Share of the cores that others take from which on the figures are not those of a quiet machine. */
const QUIET_SHARE = 0.05;

/** bench/RESULTS.md as text. Pure. */
export function resultsPage(outcomes: readonly BenchOutcome[], facts: RunFacts): string {
  return `${[
    '# Results of the benches',
    ...introduction(outcomes, facts),
    '## Targets',
    targetTable(outcomes),
    ...outcomes.flatMap(section),
  ].join('\n\n')}\n`;
}

function introduction(outcomes: readonly BenchOutcome[], facts: RunFacts): string[] {
  const measured = outcomes.find(({ report }) => report !== null)?.report;
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const { quick, revision } = facts;
  const busy = `${Math.round(facts.busyBefore * 100)} %`;
  return [
    `Written by \`make bench\` (\`node dist/bench/run/main.js${quick ? ' --quick' : ''}\`) in ${minutes(seconds)}; do not edit.`,
    ...(quick
      ? [
          '**A quick run: short windows, few points. Its figures are rough, and some targets are not looked at.**',
        ]
      : []),
    ...(facts.busyBefore > QUIET_SHARE
      ? [
          `**The machine was not quiet: others took ${busy} of it before the run. Its figures are those of a busy machine.**`,
        ]
      : []),
    [
      `- Machine: ${measured ? machineLine(measured.machine) : 'unknown, no bench wrote a report'}`,
      `- Measured: ${measured?.measuredAt ?? '-'}${revision === null ? '' : `, revision ${revision}`}, ${busy} of the machine taken by others before the run`,
      `- Packages: ${Object.entries(facts.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`,
      '- Virtual cameras, server and viewers share the machine, each in processes of their own, over the loopback interface.',
    ].join('\n'),
  ];
}

function targetTable(outcomes: readonly BenchOutcome[]): string {
  const rows = outcomes.flatMap(({ name, report, failure }) => {
    if (report === null) return [[name, '-', failure ?? 'no report', '**not measured**']];
    return checksOf(name, report.results).map(({ what, target, measured, met }) => [
      what,
      target,
      measured,
      met ? 'met' : '**missed**',
    ]);
  });
  return markdownTable(
    [
      { title: 'what' },
      { title: 'target', align: 'right' },
      { title: 'measured', align: 'right' },
      { title: 'verdict' },
    ],
    rows,
  );
}

function section({ name, report, plots, failure, seconds }: BenchOutcome): string[] {
  return [
    `## ${report?.title ?? name}`,
    `\`node dist/bench/${name}/main.js\`, ${minutes(seconds)}${failure === null ? '' : `. **Failed: ${failure}.**`}`,
    ...(report === null ? [] : [report.table]),
    ...plots.map((plot) => `![${plot.replace(/\.svg$/, '')}](plots/${plot})`),
  ];
}

function minutes(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

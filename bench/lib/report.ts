import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchFfmpeg, ffmpegVersion } from './ffmpeg-path.js';
import { mebibytes } from './table.js';

/** Without it a number means nothing. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly ffmpeg: string;
}

function describeMachine(ffmpegPath = benchFfmpeg()): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(mebibytes(totalmem())),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    ffmpeg: ffmpegVersion(ffmpegPath),
  };
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryMiB, kernel, node, ffmpeg } = machine;
  return `${cpu}, ${cores} cores, ${memoryMiB} MiB, ${kernel}, Node ${node}, FFmpeg ${ffmpeg}`;
}

export interface Report {
  /** `[a-z0-9-]+`: the file is `<name>.json`. */
  readonly name: string;
  readonly title: string;
  /** Settings that the numbers depend on. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly results: unknown;
  /** Markdown, printed below the title. */
  readonly table: string;
  /** SVG texts by file name without ending; written beside the JSON. */
  readonly plots?: Readonly<Record<string, string>>;
  readonly ffmpegPath?: string;
}

/** Writes the report into `folder` (default bench/results/ of this checkout), prints it, returns the JSON's path. */
export function writeReport(
  report: Report,
  folder = RESULTS,
  print: (text: string) => void = console.log,
): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(report.name)) throw new RangeError(`bad report name ${report.name}`);
  const machine = describeMachine(report.ffmpegPath);
  const { name, title, settings, results, table, plots = {} } = report;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  const document = { name, title, measuredAt: new Date().toISOString(), machine, settings, results, table };
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`);
  for (const [plot, svg] of Object.entries(plots)) writeFileSync(join(folder, `${plot}.svg`), svg);
  print(`## ${title}\n\n${machineLine(machine)}\n\n${table}\n`);
  return path;
}

/** From dist/bench/lib/ back to the sources' bench/results/. */
const RESULTS = fileURLToPath(new URL('../../../bench/results/', import.meta.url));

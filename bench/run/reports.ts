import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What a bench wrote, as far as the results page shows it. */
const writtenReport = z.object({
  name: z.string(),
  title: z.string(),
  measuredAt: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    memoryMiB: z.number(),
    kernel: z.string(),
    node: z.string(),
    ffmpeg: z.string(),
  }),
  table: z.string(),
  results: z.unknown(),
});
export type WrittenReport = z.infer<typeof writtenReport>;

/** Throws ZodError, or SyntaxError when it is no JSON. */
export const parseReport = (text: string): WrittenReport => writtenReport.parse(JSON.parse(text) as unknown);

/** Files of a bench: `NAME.json`, `NAME.svg`, `NAME-WHAT.svg`. */
export const isFileOf = (name: string, file: string): boolean =>
  file === `${name}.json` ||
  (file.endsWith('.svg') && (file === `${name}.svg` || file.startsWith(`${name}-`)));

/** Forgets what the bench wrote before: an old figure must not stand for a run that failed. */
export function forget(name: string, folder: string): void {
  for (const file of filesOf(name, folder)) rmSync(join(folder, file));
}

/** Null when the bench wrote none. */
export function readReport(name: string, folder: string): WrittenReport | null {
  return filesOf(name, folder).includes(`${name}.json`)
    ? parseReport(readFileSync(join(folder, `${name}.json`), 'utf8'))
    : null;
}

/** Copies the bench's plots; returns their file names. */
export function copyPlots(name: string, from: string, to: string): string[] {
  const plots = filesOf(name, from).filter((file) => file.endsWith('.svg'));
  mkdirSync(to, { recursive: true });
  for (const plot of plots) copyFileSync(join(from, plot), join(to, plot));
  return plots;
}

function filesOf(name: string, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder)
    .filter((file) => isFileOf(name, file))
    .sort();
}

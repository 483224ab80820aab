import { z } from 'zod';
import { Histogram, distribution, type Distribution } from './stats.js';

/** What a load process is told, what it tells, and what all of it adds up to. Both sides of the process border. */

export const viewerLoad = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: z.int().min(1).max(65_535),
  /** Paths with query, encoded. Viewer n takes path n modulo their number. */
  paths: z.array(z.string().startsWith('/')).min(1),
  viewers: z.int().min(1),
  /** Seconds to be kept open in the window that is measured. */
  durationMs: z.number().positive(),
  mode: z.enum(['count', 'keep']).default('count'),
  /** New connections a second. */
  rampPerSecond: z.number().positive().default(500),
  /** Between the last viewer's first frame and the beginning of the window. */
  settleMs: z.number().min(0).default(1000),
  openTimeoutMs: z.number().positive().default(15_000),
  /** Waiting for first frames ends after this; viewers without one count as failed in the summary. */
  firstFrameTimeoutMs: z.number().positive().default(20_000),
  /** Bytes a second that each viewer reads. */
  readRate: z.number().positive().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Tells which picture each viewer held last in the window, and since when. Needs `mode: 'keep'`. */
  tellNewest: z.boolean().default(false),
  /** Every viewer of so many, from the first on, tells what ended each message of the window, and when; 0: none does. */
  tellEnds: z.int().min(0).default(0),
});
export type ViewerLoad = z.infer<typeof viewerLoad>;
export type ViewerLoadInput = z.input<typeof viewerLoad>;

const newestPicture = z.object({
  /** As bench/lib/frame-number.ts reads it. */
  number: z.number(),
  /** Unix epoch, ms. */
  receivedAt: z.number(),
});
export type NewestPicture = z.infer<typeof newestPicture>;

/** The last END_BYTES of a message (latin1), and when the viewer had them: Unix epoch, ms. */
const messageEnd = z.tuple([z.string(), z.number()]);
export type MessageEnd = z.infer<typeof messageEnd>;
export const END_BYTES = 24;

const viewerResult = z.object({
  frames: z.number(),
  bytes: z.number(),
  torn: z.number(),
  firstFrameMs: z.number().optional(),
  /** At the end of the window. */
  openGapMs: z.number(),
  closed: z.object({ code: z.number(), reason: z.string() }).optional(),
  newest: newestPicture.optional(),
  ends: z.array(messageEnd).optional(),
});

/** What one process measured. */
const loadResult = z.object({
  viewers: z.array(viewerResult),
  gaps: z.object({
    buckets: z.array(z.tuple([z.number(), z.number()])),
    sum: z.number(),
    min: z.number(),
    max: z.number(),
  }),
  seconds: z.number(),
  /** CPU seconds of the load process itself in the window. */
  cpuSeconds: z.number(),
  /** Share of the window in which its event loop had something to do, 0-1. */
  loopBusy: z.number(),
});
export type LoadResult = z.infer<typeof loadResult>;

export const fromLoadProcess = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('result'), result: loadResult }),
]);
export type FromLoadProcess = z.infer<typeof fromLoadProcess>;

export const toLoadProcess = z.object({ type: z.literal('measure') });
export type ToLoadProcess = z.infer<typeof toLoadProcess>;

export interface Summary {
  readonly viewers: number;
  /** Viewers that got no frame at all, from connecting to the end. */
  readonly withoutFrame: number;
  /** Viewers whose connection ended before the window did, by close code (1006: no close frame). */
  readonly closed: Readonly<Record<string, number | undefined>>;
  /** One reason for each code in `closed`, as the server gave it. */
  readonly closeReasons: Readonly<Record<string, string | undefined>>;
  readonly seconds: number;
  readonly frames: number;
  readonly bytes: number;
  readonly framesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly torn: number;
  /** Frames a second, over all viewers, also those that were closed or got nothing. */
  readonly fps: Distribution | null;
  /** Viewers with less than 90 % of the median viewer's frames. */
  readonly below90: number;
  readonly firstFrameMs: Distribution | null;
  /** By viewer; undefined where none came, none could be read, or none was asked for. */
  readonly newest: readonly (NewestPicture | undefined)[];
  /** By viewer; undefined where none were asked for. */
  readonly ends: readonly (readonly MessageEnd[] | undefined)[];
  /** Between successive frames of a viewer, ms. Stalls still going on at the end are in `max`. */
  readonly gapsMs: Distribution | null;
  /** CPU seconds a second of each load process. */
  readonly loadCpu: readonly number[];
  /**
   * Busy share of each load process's event loop, 0-1. Near 1, the load generator (or the machine) was the limit and
   * not the server. Trust this above `loadCpu`: a process that waits for a core is busy too.
   */
  readonly loadBusy: readonly number[];
}

/** Adds up what the load processes measured at the same time. */
export function summarize(results: readonly LoadResult[]): Summary {
  const viewers = results.flatMap((result) =>
    result.viewers.map((viewer) => ({ ...viewer, fps: viewer.frames / result.seconds })),
  );
  const fps = distribution(viewers.map((viewer) => viewer.fps));
  const seconds = Math.max(...results.map((result) => result.seconds), 0);
  const frames = sum(viewers.map((viewer) => viewer.frames));
  const bytes = sum(viewers.map((viewer) => viewer.bytes));
  const closed: Record<string, number | undefined> = {};
  const closeReasons: Record<string, string | undefined> = {};
  for (const { closed: end } of viewers) {
    if (end === undefined) continue;
    closed[end.code] = (closed[end.code] ?? 0) + 1;
    closeReasons[end.code] ??= end.reason;
  }
  return {
    viewers: viewers.length,
    withoutFrame: viewers.filter((viewer) => viewer.firstFrameMs === undefined).length,
    closed,
    closeReasons,
    seconds,
    frames,
    bytes,
    framesPerSecond: sum(results.map((r) => sum(r.viewers.map((v) => v.frames)) / r.seconds)),
    bytesPerSecond: sum(results.map((r) => sum(r.viewers.map((v) => v.bytes)) / r.seconds)),
    torn: sum(viewers.map((viewer) => viewer.torn)),
    fps,
    below90: fps === null ? 0 : viewers.filter((viewer) => viewer.fps < fps.p50 * 0.9).length,
    firstFrameMs: distribution(viewers.flatMap((viewer) => viewer.firstFrameMs ?? [])),
    newest: viewers.map((viewer) => viewer.newest),
    ends: viewers.map((viewer) => viewer.ends),
    gapsMs: gapsOf(results),
    loadCpu: results.map((result) => result.cpuSeconds / result.seconds),
    loadBusy: results.map((result) => result.loopBusy),
  };
}

function gapsOf(results: readonly LoadResult[]): Distribution | null {
  const gaps = new Histogram();
  for (const result of results) gaps.mergeData(result.gaps);
  const summary = gaps.summary();
  if (summary === null) return null;
  const open = results.flatMap((result) => result.viewers.map((viewer) => viewer.openGapMs));
  return { ...summary, max: open.reduce((max, gap) => Math.max(max, gap), summary.max) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

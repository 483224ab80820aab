import { atMost } from '../lib/check.js';
import { writeReport } from '../lib/report.js';
import { revisionsWith, right, STREET } from '../lib/rig.js';
import { percentile } from '../lib/stats.js';
import { markdownTable } from '../lib/table.js';
import type { Point, TryOut } from './try-out.js';
import { tryOut } from './try-out.js';

export const LATENCY_MS = 15;

const figure = (value: number | undefined): number | null => value ?? null;

/** The columns that tell of latency, and of what was the load generator's part in it. */
export const AGE_COLUMNS = ['age p50', 'age p90', 'age p99', 'age max', 'cameras late p99'];
export const ageCells = ({ ages, cameraLateMs }: Point): (number | null)[] => [
  figure(ages?.p50),
  figure(ages?.p90),
  figure(ages?.p99),
  figure(ages?.max),
  figure(cameraLateMs?.p99),
];

/** The latency step alone, several times; with another checkout in turns with it. */
export async function latencySteps(
  step: TryOut,
  { times, against, together }: { times: number; against: string | null; together: boolean },
): Promise<void> {
  const points: Point[] = [];
  const servers = revisionsWith(against);
  for (let round = 0; round < times; round++)
    for (const server of servers) {
      const point = await tryOut({ ...step, server, against });
      points.push(point);
      console.error(
        `${server}: age p50 ${point.ages?.p50.toFixed(1) ?? '-'}, p99 ${point.ages?.p99.toFixed(1) ?? '-'} ms; ` +
          `${point.frameMs.toFixed(3)} ms a frame on processors, ${point.waitMs.toFixed(3)} ms waiting for one`,
      );
    }
  const medianOf = (server: Point['server']): number =>
    percentile(
      points
        .filter((point) => point.server === server)
        .map(({ ages }) => ages?.p99 ?? Infinity)
        .sort((a, b) => a - b),
      50,
    );
  const { count } = step;
  writeReport({
    name: 'passthrough-latency',
    title: `Video passed through: age of the units at ${count} cameras${together ? ', all key frames together' : ''}`,
    settings: { times, against, together, windowMs: step.windowMs, settleMs: step.settleMs, ...STREET },
    results: {
      points,
      checks: [
        atMost(
          `age of a unit at ${count} cameras, p99, median of ${times}`,
          medianOf('ours'),
          LATENCY_MS,
          'ms',
        ),
      ],
    },
    table: markdownTable(
      [{ title: 'server' }, ...[...AGE_COLUMNS, 'ms a frame', 'ms waiting a frame'].map(right)],
      points.map((point) => [point.server, ...ageCells(point), point.frameMs, point.waitMs]),
    ),
  });
}

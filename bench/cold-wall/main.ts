import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { atMost } from '../lib/check.js';
import { AGAINST, commandLine, QUICK } from '../lib/command-line.js';
import { type Contender, viewerPath } from '../lib/paths.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, revisionsWith, right, withServer } from '../lib/rig.js';
import type { ServerProcess } from '../lib/server-process.js';
import { markdownTable } from '../lib/table.js';
import { connectViewer } from '../lib/ws-viewer.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * How soon does every tile of a wall show a picture that nobody watched before? All cameras are asked for at once; each has a key frame
 * a second. Some seconds later all of them must still be at full rate.
 */
const { quick: isQuick, against } = commandLine({
  name: 'cold-wall',
  about: 'Time until all of 36 cameras that are asked for at once show a picture.',
  options: { ...QUICK, ...AGAINST },
});

const COUNT = isQuick ? 12 : 36;
const ROUNDS = isQuick ? 1 : 3;
const TIMEOUT_MS = 20_000;
const LIMIT_MS = 2500;
/** When it is looked whether cameras were degraded, after the last of them has shown a picture. */
const LATER_MS = 5000;

interface Opening {
  readonly server: Contender;
  /** From asking to the first JPEG, ms, ascending; Infinity for none. */
  readonly firstMs: readonly number[];
  readonly degraded: number;
}

const cameras = await spawnCameras({ count: COUNT, fps: CAMERA_FPS, gop: CAMERA_FPS });
const openings: Opening[] = [];
try {
  for (let round = 0; round < ROUNDS; round++)
    for (const who of revisionsWith(against)) {
      openings.push(await withServer(who, (server) => openAll(who, server), {}, against));
      console.error(`${who}: last after ${openings.at(-1)?.firstMs.at(-1)?.toFixed(0) ?? '-'} ms`);
    }
} finally {
  await cameras.stop();
}

async function openAll(who: Contender, { port, url }: ServerProcess): Promise<Opening> {
  const began = performance.now();
  const opened = cameras.urls.map((camera, at) => openTile(port, viewerPath(`cam${at + 1}`, camera), began));
  const firstMs = await Promise.all(opened.map(({ first }) => first));
  await sleep(LATER_MS);
  const degraded = await degradedCameras(url);
  for (const { close } of opened) close();
  return { server: who, firstMs: firstMs.sort((a, b) => a - b), degraded };
}

function openTile(port: number, path: string, began: number): { first: Promise<number>; close: () => void } {
  let shown: (ms: number) => void = () => undefined;
  const first = new Promise<number>((resolve) => (shown = resolve));
  const timer = setTimeout(() => {
    shown(Infinity);
  }, TIMEOUT_MS);
  const viewer = connectViewer({
    ...{ host: '127.0.0.1', port, path, mode: 'keep', openTimeoutMs: TIMEOUT_MS },
    onFrame: () => {
      clearTimeout(timer);
      shown(performance.now() - began);
    },
    onClose: () => {
      clearTimeout(timer);
      shown(Infinity);
    },
  });
  return { first, close: () => viewer.destroy() };
}

async function degradedCameras(url: string): Promise<number> {
  const list = z.object({ cameras: z.array(z.object({ degraded: z.number() })) });
  const { cameras: all } = list.parse(await (await fetch(`${url}/api/cameras`)).json());
  return all.filter(({ degraded }) => degraded > 0).length;
}

const ours = openings.filter(({ server }) => server === 'ours');
const lastOf = ({ firstMs }: Opening): number => firstMs.at(-1) ?? Infinity;
const shownWithin = ({ firstMs }: Opening): number => firstMs.filter((ms) => ms <= LIMIT_MS).length;
writeReport({
  name: 'cold-wall',
  title: `Cold wall: ${COUNT} cameras of 640x360 at 25 fps, a key frame a second, asked for at once`,
  settings: { quick: isQuick, against, rounds: ROUNDS },
  results: {
    openings,
    checks: [
      atMost(
        `${COUNT} cameras asked for at once: the last shows after`,
        Math.max(...ours.map(lastOf)),
        LIMIT_MS,
        'ms',
      ),
      atMost(
        `${COUNT} cameras asked for at once: degraded`,
        Math.max(...ours.map(({ degraded }) => degraded)),
        0,
      ),
    ],
  },
  table: markdownTable(
    [
      { title: 'server' },
      ...['first ms', 'median ms', 'last ms', `shown within ${LIMIT_MS} ms`, 'degraded'].map(right),
    ],
    openings.map((opening) => [
      opening.server,
      opening.firstMs[0],
      opening.firstMs[Math.floor(opening.firstMs.length / 2)],
      lastOf(opening),
      shownWithin(opening),
      opening.degraded,
    ]),
  ),
});

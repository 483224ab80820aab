import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, atMost } from '../lib/check.js';
import { AGAINST, commandLine, QUICK } from '../lib/command-line.js';
import { identifyNumber } from '../lib/frame-age.js';
import { type Contender, viewerPath } from '../lib/paths.js';
import { writeReport } from '../lib/report.js';
import { CAMERA_FPS, revisionsWith, right, withServer } from '../lib/rig.js';
import type { ServerProcess } from '../lib/server-process.js';
import { markdownTable } from '../lib/table.js';
import type { NumberedViewer } from '../relay-16/load.js';
import { runNumberedViewers } from '../relay-16/run-load.js';
import { spawnCameras } from '../virtual-camera/index.js';
import { decodable, shownOf } from './decodable.js';

/**
 * Which share of the pictures is shown when packets are lost over UDP, and is any of them torn? A picture that was put together from two
 * has no number that can be read, or that of another time. A key frame a second; a lost packet costs the pictures up to the next one.
 */
const { quick: isQuick, against } = commandLine({
  name: 'packet-loss',
  about: 'Share of the pictures that are shown, and torn ones, when UDP packets are lost.',
  options: { ...QUICK, ...AGAINST },
});

const LOSSES = isQuick ? [1] : [0.1, 1, 5];
const COUNT = isQuick ? 2 : 6;
const WINDOW_MS = isQuick ? 4000 : 15_000;
const SETTLE_MS = 2000;
/** A viewer on a busy machine may miss a few. */
const LEAST_SHOWN = 0.98;

interface Row {
  readonly server: Contender;
  readonly percent: number;
  /** Pictures that the cameras made. */
  readonly sent: number;
  /** Those that could be shown, by the packets that were really lost. */
  readonly expected: number;
  readonly shown: number;
  /** Shown although something that they need was lost. */
  readonly unexpected: number;
  /** No number, one that was not sent, or a damaged JPEG. */
  readonly torn: number;
  /** Older than the one before, or the same again. */
  readonly backwards: number;
}

const cameras = await spawnCameras({ count: COUNT, fps: CAMERA_FPS });
const rows: Row[] = [];
try {
  for (const who of revisionsWith(against))
    for (const percent of LOSSES) {
      rows.push(await measure(who, percent));
      const { shown = 0, expected = 0, sent = 0 } = rows.at(-1) ?? {};
      console.error(`${who}, ${percent} %: ${shown} shown, ${expected} could be, of ${sent}`);
    }
} finally {
  await cameras.stop();
}

function measure(who: Contender, percent: number): Promise<Row> {
  const use = async ({ port }: ServerProcess): Promise<Row> => {
    await cameras.fault('*', null);
    const paths = cameras.urls.map((url, at) => viewerPath(`cam${at + 1}`, url));
    const running = runNumberedViewers({ port, paths, settleMs: SETTLE_MS, durationMs: WINDOW_MS });
    // All have connected by then: SETUP and the first key frame are not what is measured.
    await sleep(SETTLE_MS / 2 + (COUNT * 1000) / 8);
    await cameras.fault('*', `loss:${percent}`);
    return rowOf(who, percent, await running);
  };
  return withServer(who, use, { RTSP_TRANSPORT: 'udp' }, against);
}

async function rowOf(server: Contender, percent: number, viewers: readonly NumberedViewer[]): Promise<Row> {
  const row = { server, percent, sent: 0, expected: 0, shown: 0, unexpected: 0, torn: 0, backwards: 0 };
  for (const [at, viewer] of viewers.entries()) {
    const log = await cameras.sent(`cam${at + 1}`);
    const shown: number[] = [];
    let last = -1;
    for (const [number, receivedAt] of viewer.frames) {
      const known =
        number === null ? null : identifyNumber(number, receivedAt, log, cameras.options.clipFrames);
      if (known === null) row.torn++;
      else if (known.absolute <= last) row.backwards++;
      else {
        last = known.absolute;
        shown.push(last);
      }
    }
    const { made, ...counts } = shownOf(shown, decodable(log, cameras.options.gop));
    row.sent += made;
    row.expected += counts.expected;
    row.shown += counts.shown;
    row.unexpected += counts.unexpected;
  }
  return row;
}

const ours = rows.filter(({ server }) => server === 'ours');
writeReport({
  name: 'packet-loss',
  title: `Packet loss: ${COUNT} cameras of 640x360 at 25 fps over UDP, a key frame a second`,
  settings: { quick: isQuick, against, windowMs: WINDOW_MS },
  results: {
    rows,
    checks: [
      atMost(
        'packets lost over UDP: pictures torn, again or backwards',
        ours.reduce((sum, row) => sum + row.torn + row.backwards + row.unexpected, 0),
        0,
      ),
      ...ours.map(({ percent, shown, expected }) =>
        atLeast(
          `packets lost over UDP, ${percent} %: pictures shown of those that could be`,
          shown / expected,
          LEAST_SHOWN,
        ),
      ),
    ],
  },
  table: markdownTable(
    [
      { title: 'server' },
      ...['loss %', 'pictures sent', 'could be shown', 'shown', 'share shown %'].map(right),
      ...['shown of those that could be %', 'lacked something', 'torn', 'again or backwards'].map(right),
    ],
    rows.map((row) => [
      row.server,
      row.percent,
      row.sent,
      row.expected,
      row.shown,
      ((row.shown / row.sent) * 100).toFixed(1),
      ((row.shown / row.expected) * 100).toFixed(1),
      row.unexpected,
      row.torn,
      row.backwards,
    ]),
  ),
});

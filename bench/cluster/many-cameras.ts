import { setTimeout as sleep } from 'node:timers/promises';
import { runViewers } from '../lib/run-viewers.js';
import { type ClusterNode, startCluster } from './nodes.js';
import { SessionWatch } from './session-watch.js';

export interface ManyCamerasOptions {
  readonly cameras: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
}

export interface ManyCameras {
  /** Of all cameras at the end. */
  readonly sessions: number;
  /** Sessions of the camera that was opened most often, from the first on: each change of hands opens one anew. */
  readonly mostOpenings: number;
  /** By all nodes. */
  readonly leasesLost: number;
  /** Longest time that a camera had two, ms. */
  readonly longestDoubleMs: number;
  readonly owned: readonly number[];
  /** Of a viewer, frames a second. */
  readonly fpsP50: number;
  readonly fpsMin: number;
  readonly torn: number;
  readonly closed: number;
  /** Sent by all owners. */
  readonly busFramesPerSecond: number;
  readonly busBytesPerSecond: number;
  readonly degraded: number;
}

const NODES = ['a', 'b', 'c'];
const SETTLE_MS = 3000;
/** Dozens of decoders start on a machine that may have two cores. */
const FIRST_FRAMES_MS = 90_000;
/** All that they have to share is two cores: a camera that is opened among sixty is not broken because it takes long. */
const OPEN_MS = 45_000;

/** Many cameras over three nodes, with a viewer of every camera on each node. */
export async function measureManyCameras(options: ManyCamerasOptions): Promise<ManyCameras> {
  const { cameras: count, fps, width, height, seconds } = options;
  const cluster = await startCluster({
    nodes: NODES,
    cameras: { count, fps, width, height, gop: fps },
    env: { FRAME_WIDTH: String(width), FRAME_HEIGHT: String(height), OPEN_TIMEOUT_MS: String(OPEN_MS) },
  });
  const nodes = NODES.map((name) => cluster.node(name));
  const sessions = new SessionWatch(cluster.cameras);
  try {
    await sleep(SETTLE_MS);
    const paths = Array.from({ length: count }, (_, i) => `/ws?camera_index=cam${i + 1}`);
    let before = { frames: 0, bytes: 0, at: 0 };
    let after = before;
    const looks: Promise<void>[] = [];
    const look = (note: (sent: typeof before) => void): void => void looks.push(sentBy(nodes).then(note));
    const runs = await Promise.all(
      nodes.map(({ port }, i) =>
        runViewers({
          ...{ port, paths, viewers: count, rampPerSecond: 5, settleMs: 8000 },
          ...{ durationMs: seconds * 1000, firstFrameTimeoutMs: FIRST_FRAMES_MS },
          ...(i > 0
            ? {}
            : {
                onWindowStart: () => look((sent) => (before = sent)),
                onWindowEnd: () => look((sent) => (after = sent)),
              }),
        }),
      ),
    );
    await Promise.all(looks);
    const span = (after.at - before.at) / 1000;
    return {
      sessions: [...sessions.now.values()].reduce((sum, clients) => sum + clients, 0),
      mostOpenings: Math.max(...(await cluster.cameras.list()).map(({ contacts }) => contacts.describes)),
      leasesLost: await sumOf(nodes, 'cluster_leases_lost_total'),
      longestDoubleMs: sessions.longest,
      owned: await Promise.all(nodes.map((node) => node.metric('cluster_cameras_owned'))),
      fpsP50: median(runs.map((run) => run.fps?.p50 ?? NaN)),
      fpsMin: Math.min(...runs.map((run) => run.fps?.min ?? NaN)),
      torn: runs.reduce((sum, { torn }) => sum + torn, 0),
      closed: runs.reduce((sum, { closed }) => sum + Object.keys(closed).length, 0),
      busFramesPerSecond: (after.frames - before.frames) / span,
      busBytesPerSecond: (after.bytes - before.bytes) / span,
      degraded: (await nodes[0]?.cameras())?.filter(({ degraded }) => degraded > 0).length ?? NaN,
    };
  } finally {
    await sessions.stop();
    await cluster.stop();
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

async function sumOf(nodes: readonly ClusterNode[], metric: string): Promise<number> {
  const each = await Promise.all(nodes.map((node) => node.metric(metric)));
  return each.reduce((all, one) => all + one, 0);
}

async function sentBy(nodes: readonly ClusterNode[]): Promise<{ frames: number; bytes: number; at: number }> {
  return {
    frames: await sumOf(nodes, 'cluster_frames_sent_total'),
    bytes: await sumOf(nodes, 'cluster_bytes_sent_total'),
    at: performance.now(),
  };
}

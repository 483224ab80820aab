import { setTimeout as sleep } from 'node:timers/promises';
import { epochMs } from '../../src/shared/clock.js';
import { openEye } from './eye.js';
import { startCluster, type TestCluster } from './nodes.js';

export interface RecoveryOptions {
  readonly kills: number;
  readonly cameras: number;
}

const NODES = ['a', 'b', 'c'];
const GIVE_UP_MS = 20_000;
/** A node that comes back waits until its former record has run out; then cameras are shared out anew. */
const REST_MS = 6000;

/**
 * Kills the node that owns the first camera, again and again, with a viewer of every camera on each node.
 * @returns for each kill and camera that the node owned: the longest time until a viewer of another node had a picture again, ms
 */
export async function measureRecovery({ kills, cameras: count }: RecoveryOptions): Promise<number[]> {
  const cluster = await startCluster({
    nodes: NODES,
    cameras: { count, width: 320, height: 180, gop: 12 },
    env: { FRAME_WIDTH: '320', FRAME_HEIGHT: '180' },
  });
  const times: number[] = [];
  try {
    for (let kill = 0; kill < kills; kill++) {
      times.push(...(await killOnce(cluster, count)));
      console.error(`kill ${kill + 1}: ${Math.round(times.at(-1) ?? NaN)} ms`);
    }
  } finally {
    await cluster.stop();
  }
  return times;
}

async function killOnce(cluster: TestCluster, count: number): Promise<number[]> {
  const names = Array.from({ length: count }, (_, i) => `cam${i + 1}`);
  const eyes = NODES.flatMap((node) => names.map((camera) => openEye(cluster.node(node), camera)));
  try {
    await waitFor(() => eyes.every(({ frames }) => frames.length >= 5));
    await sleep(1000);
    const entries = await cluster.node('a').cameras();
    const victim = entries.find(({ camera }) => camera === 'cam1')?.node ?? 'a';
    const owned = new Set(entries.filter(({ node }) => node === victim).map(({ camera }) => camera));
    const watching = eyes.filter(({ node, camera }) => node !== victim && owned.has(camera));
    const from = epochMs();
    await cluster.node(victim).kill();
    // What the network still held of the dead node is no recovery.
    await sleep(500);
    const counts = new Map(watching.map((eye) => [eye, eye.frames.length]));
    const isBack = (eye: (typeof eyes)[number]): boolean => eye.frames.length >= (counts.get(eye) ?? 0) + 3;
    await waitFor(() => watching.every(isBack)).catch(() => undefined);
    const times = [...owned].map((camera) =>
      Math.max(
        ...watching
          .filter((eye) => eye.camera === camera)
          .map((eye) => (eye.frames[counts.get(eye) ?? 0] ?? Infinity) - from),
      ),
    );
    await cluster.start(victim);
    await sleep(REST_MS);
    return times;
  } finally {
    for (const eye of eyes) eye.destroy();
  }
}

async function waitFor(isSo: () => boolean): Promise<void> {
  const end = performance.now() + GIVE_UP_MS;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not so within ${GIVE_UP_MS} ms`);
    await sleep(50);
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startNats } from '../lib/nats-server.js';
import { runTimeNs } from '../lib/run-time.js';
import type { PeerCount } from './frame-peer.js';

export interface FrameCostOptions {
  readonly bytes: number;
  readonly streams: number;
  readonly fps: number;
  readonly edges: number;
  readonly seconds: number;
}

/** Processor time of one frame, microseconds. */
export interface FrameCost {
  /** For each edge that it is sent to. */
  readonly owner: number;
  /** In and out once. */
  readonly broker: number;
  readonly edge: number;
  /** That arrived, a second and edge. */
  readonly framesPerSecond: number;
  readonly skipped: number;
}

const MAIN = fileURLToPath(new URL('./frame-peer.js', import.meta.url));
const WARM_UP_MS = 2000;

/** What a frame of another node costs, in processes that do nothing else, around a real NATS server. */
export async function measureFrameCost(options: FrameCostOptions): Promise<FrameCost> {
  const nats = await startNats();
  const names = Array.from({ length: options.edges }, (_, i) => `edge${i}`);
  const peers: ChildProcess[] = [];
  const start = async (side: 'owner' | 'edge', name: string): Promise<ChildProcess> => {
    const { bytes, streams, fps } = options;
    const peer = { side, name, port: nats.ports[0], bytes, streams, fps, edges: names };
    const child = fork(MAIN, [JSON.stringify(peer)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    peers.push(child);
    await once(child, 'message');
    return child;
  };
  try {
    const edges = await Promise.all(names.map((name) => start('edge', name)));
    const owner = await start('owner', 'owner');
    await sleep(WARM_UP_MS);
    const look = async () => ({
      at: performance.now(),
      owner: await countOf(owner),
      edges: await Promise.all(edges.map(countOf)),
      ownerNs: runTimeNs(owner.pid ?? 0),
      brokerNs: runTimeNs(nats.pids[0] ?? 0),
      edgeNs: edges.reduce((sum, { pid = 0 }) => sum + runTimeNs(pid), 0),
    });
    const before = await look();
    await sleep(options.seconds * 1000);
    const after = await look();
    const sent = after.owner.frames - before.owner.frames;
    const taken = sum(after.edges) - sum(before.edges);
    const seconds = (after.at - before.at) / 1000;
    return {
      owner: (after.ownerNs - before.ownerNs) / sent / 1000,
      broker: (after.brokerNs - before.brokerNs) / sent / 1000,
      edge: (after.edgeNs - before.edgeNs) / taken / 1000,
      framesPerSecond: taken / seconds / options.edges,
      skipped: after.owner.skipped - before.owner.skipped,
    };
  } finally {
    for (const peer of peers) peer.kill('SIGKILL');
    await nats.stop();
  }
}

const sum = (counts: readonly PeerCount[]): number => counts.reduce((total, { frames }) => total + frames, 0);

async function countOf(peer: ChildProcess): Promise<PeerCount> {
  const answer = once(peer, 'message');
  peer.send('count');
  const [count] = (await answer) as [PeerCount];
  return count;
}

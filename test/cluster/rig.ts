import type { TestContext } from 'node:test';
import { type Eye, openEye } from '../../bench/cluster/eye.js';
import {
  type ClusterNode,
  type ClusterOptions,
  startCluster,
  type TestCluster,
} from '../../bench/cluster/nodes.js';
import { SessionWatch } from '../../bench/cluster/session-watch.js';
import { MachinePace } from '../support/machine-pace.js';
import { until } from '../support/until.js';

export { until };
export type { ClusterNode, Eye };

type Scope = Pick<TestContext, 'after'>;

/** Small pictures with a key frame each half second: what is tested is who shows them. */
export const SMALL = { width: 320, height: 180, gop: 12 } as const;

/** Processor time until a camera that is opened shows its first picture: FFmpeg, session, decoder; a pessimist's figure, ms. */
export const OPENING_MS = 500;
/** The same of a frame's way through three processes, ms. */
export const FRAME_MS = 100;

export interface Rig extends TestCluster {
  readonly sessions: SessionWatch;
  readonly pace: MachinePace;
  /** Opens a viewer, which is gone when the test ends. */
  eye(node: string, camera: string, query?: Readonly<Record<string, string>>): Eye;
  /** Waits until so many frames more have come to each of the viewers. */
  more(frames: number, eyes: readonly Eye[], withinMs?: number): Promise<void>;
  /** The node that decodes the camera, as all nodes that run say. */
  ownerOf(camera: string, withinMs?: number): Promise<string>;
}

/** Three nodes by default, a NATS server, virtual cameras. */
export async function clusterRig(
  scope: Scope,
  { cameras, env, ...options }: Partial<ClusterOptions> & { readonly count?: number } = {},
): Promise<Rig> {
  const cluster = await startCluster({
    nodes: ['a', 'b', 'c'],
    cameras: { ...SMALL, count: options.count ?? 3, ...cameras },
    env: { FRAME_WIDTH: '320', FRAME_HEIGHT: '180', LINGER_MS: '1000', ...env },
    ...options,
  });
  scope.after(() => cluster.stop());
  const sessions = new SessionWatch(cluster.cameras);
  scope.after(() => sessions.stop());
  return {
    ...cluster,
    sessions,
    pace: new MachinePace(scope),
    eye: (node, camera, query) => {
      const eye = openEye(cluster.node(node), camera, query);
      scope.after(() => eye.destroy());
      return eye;
    },
    more: async (frames, eyes, withinMs = 30_000) => {
      const wanted = eyes.map((eye) => eye.frames.length + frames);
      const isThere = (): boolean => eyes.every((eye, i) => eye.frames.length >= (wanted[i] ?? 0));
      await until(
        () => `${frames} more frames at\n${eyes.map(shown).join('\n')}\n${logs(cluster)}`,
        isThere,
        withinMs,
      );
    },
    ownerOf: (camera, withinMs = 20_000) =>
      until(`one owner of ${camera}`, () => agreedOwner(cluster, camera), withinMs),
  };
}

async function agreedOwner(cluster: TestCluster, camera: string): Promise<string | null> {
  const alive = [...cluster.nodes.values()].filter(({ pid }) => isAlive(pid));
  const named = await Promise.all(alive.map(async (node) => (await node.camera(camera)).node));
  const [first] = named;
  return first && named.every((name) => name === first) ? first : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const shown = ({ node, camera, frames, states, stats }: Eye): string =>
  `  ${node} ${camera}: ${frames.length} frames, ${states.map(({ state }) => state).join(' ')}, ` +
  `closed: ${JSON.stringify(stats.closed)}`;

const logs = (cluster: TestCluster): string =>
  [...cluster.nodes.values()]
    .map((node) => `--- ${node.name}\n${node.log().split('\n').slice(-12).join('\n')}`)
    .join('\n');

/** States that a viewer was told, repeats left out. */
export const statesOf = (eye: Eye, from = 0): string[] =>
  eye.states
    .filter(({ at }) => at >= from)
    .map(({ state }) => state)
    .filter((state, i, all) => state !== all[i - 1]);

import { setTimeout as sleep } from 'node:timers/promises';
import { identifyNumber } from '../lib/frame-age.js';
import { distribution, type Distribution } from '../lib/stats.js';
import { runNumberedViewers } from '../relay-16/run-load.js';
import { startCluster } from './nodes.js';

export interface AddedAgeOptions {
  readonly cameras: number;
  readonly fps: number;
  readonly seconds: number;
}

/** ms. */
export interface AddedAge {
  /** From the camera's socket to a viewer of the node that decodes it. */
  readonly owner: Distribution | null;
  readonly other: Distribution | null;
  /** Of the same frame, later at the other node than at the owner. */
  readonly added: Distribution | null;
  /** Frames that only one of the two viewers got. */
  readonly alone: number;
}

const SETTLE_MS = 3000;

/** How much older a frame is at a node that does not decode it: one viewer of each camera at both of two nodes. */
export async function measureAddedAge({ cameras: count, fps, seconds }: AddedAgeOptions): Promise<AddedAge> {
  const cluster = await startCluster({ nodes: ['a', 'b'], cameras: { count, fps } });
  try {
    // Lists of cameras have to be known before the first viewer comes, else its own node opens them all.
    await sleep(SETTLE_MS);
    const names = Array.from({ length: count }, (_, i) => `cam${i + 1}`);
    const paths = names.map((name) => `/ws?camera_index=${name}`);
    const load = { paths, settleMs: SETTLE_MS, durationMs: seconds * 1000 };
    const [atA, atB] = await Promise.all(
      ['a', 'b'].map((node) => runNumberedViewers({ ...load, port: cluster.node(node).port })),
    );
    const owners = new Map((await cluster.node('a').cameras()).map(({ camera, node }) => [camera, node]));
    const ages = { owner: [] as number[], other: [] as number[], added: [] as number[], alone: 0 };
    for (const [i, name] of names.entries()) {
      const log = await cluster.cameras.sent(name);
      const known = (frames: readonly (readonly [number | null, number])[] = []): Map<number, number> =>
        new Map(
          frames.flatMap(([number, at]) => {
            const frame =
              number === null ? null : identifyNumber(number, at, log, cluster.cameras.options.clipFrames);
            return frame ? [[frame.absolute, frame.ageMs] as const] : [];
          }),
        );
      const [a, b] = [known(atA?.[i]?.frames), known(atB?.[i]?.frames)];
      const [local, remote] = owners.get(name) === 'a' ? [a, b] : [b, a];
      ages.owner.push(...local.values());
      ages.other.push(...remote.values());
      for (const [absolute, age] of remote) {
        const before = local.get(absolute);
        if (before === undefined) ages.alone++;
        else ages.added.push(age - before);
      }
    }
    return {
      owner: distribution(ages.owner),
      other: distribution(ages.other),
      added: distribution(ages.added),
      alone: ages.alone,
    };
  } finally {
    await cluster.stop();
  }
}

import { connectViewer, type Viewer } from '../lib/ws-viewer.js';
import type { ClusterNode } from './nodes.js';

export interface SeenState {
  readonly state: string;
  readonly reason?: string;
  readonly since: number;
  /** When the message came: Unix epoch, ms. */
  readonly at: number;
}

/** A viewer of one camera at one node: when frames came, what states it was told, how it ended. */
export interface Eye extends Viewer {
  readonly node: string;
  readonly camera: string;
  /** When each frame came: Unix epoch, ms. */
  readonly frames: number[];
  readonly states: SeenState[];
  /** The newest frame. */
  latest: Buffer | null;
  /** Longest time without a frame between two moments, ms; `to` is now if left out. */
  longestGap(from: number, to?: number): number;
}

const now = (): number => performance.timeOrigin + performance.now();

export function openEye(
  node: Pick<ClusterNode, 'name' | 'port'>,
  camera: string,
  query: Readonly<Record<string, string>> = {},
): Eye {
  const parameters = new URLSearchParams({ camera_index: camera, events: '1', ...query });
  const frames: number[] = [];
  const states: SeenState[] = [];
  const viewer = connectViewer({
    host: '127.0.0.1',
    port: node.port,
    path: `/ws?${parameters.toString()}`,
    mode: 'keep',
    onFrame: (jpeg, at) => {
      frames.push(at);
      eye.latest = jpeg;
    },
    onText: (text) => states.push({ ...(JSON.parse(text) as SeenState), at: now() }),
  });
  // How it ended is in its statistics.
  viewer.opened.catch(() => undefined);
  const eye: Eye = Object.assign(viewer, {
    node: node.name,
    camera,
    frames,
    states,
    latest: null as Buffer | null,
    longestGap: (from: number, to = now()) => {
      const times = [from, ...frames.filter((at) => at > from && at < to), to];
      return Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? at)));
    },
  });
  return eye;
}

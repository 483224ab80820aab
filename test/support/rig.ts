import type { TestContext } from 'node:test';
import { frameNumberOfJpeg } from '../../bench/lib/frame-number.js';
import { childrenOf } from '../../bench/lib/proc.js';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { startService } from '../../bench/lib/service.js';
import { connectViewer, type Viewer, type ViewerOptions } from '../../bench/lib/ws-viewer.js';
import { startCameras, type CameraOptions, type VirtualCameras } from '../../bench/virtual-camera/index.js';
import { until } from './until.js';
import { CHOSEN_FFMPEG } from './ffmpegs.js';

/** What every fault test stands on: cameras that misbehave, the real service in its own process, viewers on raw sockets. */

export { until };

/** Something to register an end with: a test, or the hooks of a whole file. */
export type Scope = Pick<TestContext, 'after'>;

/** Times short enough for tests, with room for a busy machine. */
export const QUICK = {
  OPEN_TIMEOUT_MS: '6000',
  STALL_TIMEOUT_MS: '1000',
  RETRY_MIN_MS: '200',
  RETRY_MAX_MS: '800',
  LINGER_MS: '0',
  LOG_LEVEL: 'info',
  FFMPEG_PATH: CHOSEN_FFMPEG.path,
} as const;

/** Times for cameras that are in order throughout: on a busy machine they wait for their turn, and are not to be opened anew for that. */
export const STEADY = { OPEN_TIMEOUT_MS: '15000', STALL_TIMEOUT_MS: '5000' } as const;

/** A small picture: the faults are in the transport, and two cores carry more of these. */
export const SMALL = { width: 320, height: 180, gop: 12 } as const;

export async function cameras(scope: Scope, options: Partial<CameraOptions> = {}): Promise<VirtualCameras> {
  const set = await startCameras({ ...SMALL, portsEach: true, ...options });
  scope.after(() => set.stop());
  return set;
}

export interface Service extends ServerProcess {
  /** Sum of the samples of a metric (without its prefix) that carry these labels; 0 when there is none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** One camera of `/api/cameras`. */
  camera(name: string): Promise<CameraJson | undefined>;
  ffmpegPids(): number[];
}

export interface CameraJson {
  readonly camera: string;
  readonly state: string;
  readonly reason: string | null;
  readonly since: number;
  readonly viewers: number;
  readonly degraded: number;
}

export async function service(
  scope: Scope,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<Service> {
  const server = await startService({ env: { ...QUICK, ...env }, flags });
  scope.after(() => server.stop());
  return {
    ...server,
    metric: async (name, labels = {}) => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return sumSamples(text, `rtsp_ws_${name}`, labels);
    },
    camera: async (name) => {
      const body = (await (await fetch(`${server.url}/api/cameras`)).json()) as { cameras: CameraJson[] };
      return body.cameras.find(({ camera }) => camera === name);
    },
    // FFmpeg runs behind setpriv, which becomes it.
    ffmpegPids: () => childrenOf(server.pid).map(({ pid }) => pid),
  };
}

/** Adds up the samples of a Prometheus text that have this name and at least these labels. */
function sumSamples(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

export interface SeenFrame {
  /** Unix epoch, ms. */
  readonly at: number;
  readonly jpeg: Buffer;
}

export interface StateEvent {
  readonly state: string;
  readonly reason?: string;
  readonly since: number;
}

/** A viewer and what it saw. */
export interface Watcher extends Viewer {
  readonly frames: SeenFrame[];
  readonly states: StateEvent[];
  /** Waits until so many frames more have come. */
  more(frames: number, withinMs?: number): Promise<void>;
  /** Waits for a state event from now on, or the present state. */
  state(state: string, withinMs?: number): Promise<StateEvent>;
  numbers(): (number | null)[];
}

export type WatchOptions = Partial<Omit<ViewerOptions, 'host' | 'port' | 'path'>> & {
  readonly query?: Readonly<Record<string, string>>;
  /** Another port than the service's: a proxy in between. */
  readonly via?: number;
};

/** Connects a viewer to a stream; it is gone when the scope ends. */
export function watch(
  scope: Scope,
  server: Pick<Service, 'port' | 'log'>,
  camera: string,
  rtsp: string,
  { query = {}, via, ...options }: WatchOptions = {},
): Watcher {
  const parameters = new URLSearchParams({ camera_index: camera, rtsp, events: '1', ...query });
  const frames: SeenFrame[] = [];
  const states: StateEvent[] = [];
  const viewer = connectViewer({
    host: '127.0.0.1',
    port: via ?? server.port,
    path: `/ws?${parameters.toString()}`,
    mode: 'keep',
    ...options,
    onFrame: (jpeg, at) => frames.push({ at, jpeg }),
    onText: (text) => states.push(JSON.parse(text) as StateEvent),
  });
  scope.after(() => viewer.destroy());
  return Object.assign(viewer, {
    frames,
    states,
    more: async (count: number, withinMs = 8000) => {
      const wanted = frames.length + count;
      await until(`${count} more frames of ${camera}`, () => frames.length >= wanted, withinMs);
    },
    state: async (state: string, withinMs = 8000) => {
      let from = Math.max(0, states.length - 1);
      return until(
        () =>
          `${camera} is ${state} (seen: ${states.map((event) => event.state).join(' ')}; ${frames.length} frames; ` +
          `closed: ${JSON.stringify(viewer.stats.closed)}); server:\n${server.log().split('\n').slice(-12).join('\n')}`,
        () => {
          for (; from < states.length; from++) if (states[from]?.state === state) return states[from];
          return undefined;
        },
        withinMs,
      );
    },
    numbers: () => frames.map(({ jpeg }) => frameNumberOfJpeg(jpeg)),
  });
}

/** The viewer's close, which must come within the time. */
export function closed(viewer: Viewer, withinMs = 8000): Promise<{ code: number; reason: string }> {
  return until('the viewer is closed', () => viewer.stats.closed, withinMs);
}

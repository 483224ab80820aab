import { ConnectGate } from '../../src/camera/life/connect-gate.js';
import { snapToLadder } from '../../src/decoding/decode-plan.js';
import type { ServiceError } from '../../src/shared/errors.js';
import type { Log } from '../../src/telemetry/log.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import type { Channel } from '../../src/camera/publisher.js';
import { Registry, type RegistryOptions, type StreamRequest } from '../../src/camera/registry.js';
import { parseRtspUrl } from '../../src/source/rtsp-url.js';
import type { CameraSpec } from '../../src/config/camera-spec.js';
import { FakeOpener } from './fake-opener.js';
import { ManualClock } from './manual-clock.js';

const quiet = (): void => undefined;
export const quietLog: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet, fatal: quiet };

const RENDITION = { width: 640, height: 360, quality: 50 };
const LADDER = [
  { width: 320, height: 180 },
  { width: 640, height: 360 },
  { width: 1280, height: 720 },
];

export const spec = (name: string, more: Partial<CameraSpec> = {}): CameraSpec => ({
  name,
  title: name,
  url: parseRtspUrl(`rtsp://10.0.0.1/${name}`),
  mainUrl: null,
  transport: 'tcp',
  rendition: RENDITION,
  maxFps: null,
  alwaysOn: false,
  ...more,
});

/** A registry with cameras that the test plays; openers by URL, in the order in which they were made. */
export function testRegistry(options: Partial<RegistryOptions> = {}) {
  const clock = new ManualClock();
  const metrics = createMetrics();
  const openers: { url: string; opener: FakeOpener }[] = [];
  const published: { topic: string; bytes: ArrayBuffer }[] = [];
  const registry = new Registry(
    {
      maxCameras: 10,
      adhoc: true,
      transport: 'tcp',
      defaultRendition: RENDITION,
      maxFps: null,
      lingerMs: 10_000,
      times: {
        openMs: 10_000,
        stallMs: 5000,
        frozenAfterMs: 60_000,
        minMs: 1000,
        maxMs: 30_000,
        holdMs: 300_000,
      },
      offeredSize: (want) => snapToLadder(want, LADDER),
      ...options,
    },
    {
      clock,
      gate: new ConnectGate(4, clock),
      metrics,
      log: quietLog,
      publish: (topic, bytes) => published.push({ topic, bytes }),
      peers: null,
      opener: (_key, _spec, url) => {
        const opener = new FakeOpener();
        openers.push({ url: url.toString(), opener });
        return opener;
      },
    },
  );
  const ask = (camera: string, more: Partial<StreamRequest> & { at?: string } = {}): StreamRequest => {
    const { at, ...rest } = more;
    const url = at === undefined ? null : parseRtspUrl(at);
    return { camera, url, main: false, width: null, height: null, quality: null, fps: null, ...rest };
  };
  const join = (camera: string, more: Partial<StreamRequest> & { at?: string } = {}) => {
    const states: string[] = [];
    const lost: ServiceError[] = [];
    const seat = registry.join(ask(camera, more), {
      // Also told when only the bound for old pictures changes.
      state: ({ state }) => {
        if (states.at(-1) !== state) states.push(state);
      },
      lost: (error) => {
        lost.push(error);
        seat.leave();
      },
    });
    return { ...seat, states, lost };
  };
  const opener = (index = -1): FakeOpener => {
    const made = openers.at(index);
    if (!made) throw new Error('no camera was made');
    return made.opener;
  };
  return { clock, metrics, registry, openers, opener, published, join, ask };
}

/** Collects what a channel gives its sinks. */
export function watch(channel: Channel): number[] {
  const seen: number[] = [];
  channel.sinks.add({ frame: ({ jpeg }) => seen.push(new Uint8Array(jpeg)[0] ?? 0) });
  return seen;
}

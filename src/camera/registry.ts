import { Camera, type CameraDeps, type Seat, type SeatListener } from './camera.js';
import { type CameraSummary, summaryOf } from './camera-summary.js';
import { MetricSeries } from './metric-series.js';
import {
  adhocSpec,
  isMainKey,
  mainKey,
  nameOf,
  sameStream,
  type Stream,
  type StreamRequest,
} from './stream.js';
import type { CameraSpec } from '../config/camera-spec.js';
import { CredentialHolds } from './credential-holds.js';
import { CameraError, RefusedError, type ServiceError } from '../shared/errors.js';
import { ClosingCameras } from './closing-cameras.js';
import type { Transport } from '../shared/worker-protocol.js';
import { type Rendition, requestedRendition } from '../shared/rendition.js';
import { type RtspUrl, sameSource } from '../source/rtsp-url.js';
import type { CameraOpener } from '../decoding/camera-run.js';
import type { SupervisorTimes } from './supervisor.js';

export type { CameraSummary, StreamRequest };

export interface RegistryOptions {
  readonly maxCameras: number;
  readonly adhoc: boolean;
  readonly transport: Transport;
  readonly defaultRendition: Rendition;
  readonly maxFps: number | null;
  readonly lingerMs: number;
  readonly times: SupervisorTimes;
  /** Snaps a wanted size to one that is offered. */
  readonly offeredSize: (want: { width: number; height: number }) => { width: number; height: number };
}

export interface RegistryDeps extends Omit<CameraDeps, 'series'> {
  readonly opener: (key: string, spec: CameraSpec, url: RtspUrl) => CameraOpener;
}

interface Entry extends Stream {
  readonly camera: Camera;
}

/** Stream key to camera: makes it for the first viewer, gives it to the others, forgets it after the last. */
export class Registry {
  readonly #configured = new Map<string, CameraSpec>();
  readonly #entries = new Map<string, Entry>();
  readonly #closing: ClosingCameras;
  readonly #holds: CredentialHolds;
  readonly #cameraDeps: CameraDeps;
  #closed = false;

  constructor(
    private readonly options: RegistryOptions,
    private readonly deps: RegistryDeps,
  ) {
    this.#closing = new ClosingCameras(deps.clock);
    const series = new MetricSeries(deps.metrics, (key) => this.#configured.has(nameOf(key)));
    this.#cameraDeps = { ...deps, series };
    this.#holds = new CredentialHolds(options.times.holdMs, deps.clock);
  }

  /**
   * Sets the configured cameras. Cameras that did not change go on untouched; changed and removed ones are closed, and their
   * viewers told `gone`.
   */
  configure(specs: readonly CameraSpec[], gone: ServiceError | null): void {
    const wanted = new Map(specs.map((spec) => [spec.name, spec]));
    const before = new Map(this.#configured);
    for (const [name, spec] of before) {
      const next = wanted.get(name);
      if (next && sameStream(spec, next)) continue;
      this.#drop(name, gone);
      this.#drop(mainKey(name), gone);
    }
    // Filled anew, so that the order of the list is that of the file.
    this.#configured.clear();
    for (const [name, spec] of wanted) {
      // An ad-hoc stream of that name gives way: the name is the configured camera's now.
      if (!before.has(name)) this.#drop(name, gone);
      this.#configured.set(name, spec);
    }
    for (const [name, spec] of this.#configured) if (spec.alwaysOn) this.#startUnwatched(name, spec);
  }

  /**
   * Takes a seat at the camera that the request names.
   * @throws RefusedError `no_such_camera`, `name_in_use`, `at_capacity`, `adhoc_off`, `shutting_down`
   * @throws CameraError when a camera refused these credentials a short while ago, under whatever name
   */
  join(request: StreamRequest, listener: SeatListener): Seat & { readonly camera: Camera } {
    if (this.#closed) throw new RefusedError('shutting_down', 'server is going away');
    const stream = this.#find(request);
    const { spec } = stream;
    const held = this.#entries.get(stream.key)?.camera.running ? null : this.#holds.find(stream.url);
    if (held) throw new CameraError(held);
    const { camera } = this.#entry(stream);
    const seat = camera.join({ rendition: this.#rendition(request, spec), fps: request.fps }, listener);
    return { ...seat, camera };
  }

  has(name: string): boolean {
    return this.#configured.has(name) || this.#entries.has(name);
  }

  /** All configured and running cameras, in the order of the configuration, then of their start. */
  list(now: number): CameraSummary[] {
    const names = new Set([...this.#configured.keys(), ...this.#entries.keys()]);
    return [...names]
      .filter((name) => !isMainKey(name))
      .map((name) => {
        const spec = this.#configured.get(name) ?? null;
        const small = this.#entries.get(name)?.camera ?? null;
        const main = this.#entries.get(mainKey(name))?.camera ?? null;
        return summaryOf(name, spec, small, main, now);
      });
  }

  /** Running cameras by stream key, for the load control. */
  running(): { key: string; camera: Camera }[] {
    return [...this.#entries]
      .filter(([, { camera }]) => camera.running)
      .map(([key, { camera }]) => ({ key, camera }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closing = [...this.#entries.values()].map(({ camera }) => camera.close(null));
    await Promise.all([...closing, this.#closing.allGone()]);
    this.#entries.clear();
  }

  #find(request: StreamRequest): Stream {
    const { camera: name, url } = request;
    const configured = this.#configured.get(name);
    if (configured) {
      if (url && !sameSource(url, configured.url))
        throw new RefusedError(
          'name_in_use',
          `${name} is a configured camera: leave rtsp out or use another name`,
        );
      const main = request.main ? configured.mainUrl : null;
      return { key: main ? mainKey(name) : name, spec: configured, url: main ?? configured.url };
    }
    const running = this.#entries.get(name);
    if (!url) {
      if (running) return running;
      throw new RefusedError('no_such_camera', `no camera is named ${name}: give its address as rtsp=`);
    }
    if (!this.options.adhoc)
      throw new RefusedError('adhoc_off', 'only configured cameras may be watched (ADHOC_RTSP=off)');
    if (running) {
      if (sameSource(url, running.url)) return running;
      if (running.camera.viewers > 0)
        throw new RefusedError(
          'name_in_use',
          `camera_index ${name} is in use with another URL: use another name`,
        );
      // Nobody watches the old one: a corrected URL need not wait for its linger.
      this.#drop(name, null);
    }
    return { key: name, spec: adhocSpec(name, url, this.options), url };
  }

  #entry(stream: Stream): Entry {
    const { key, spec, url } = stream;
    const existing = this.#entries.get(key);
    if (existing) return existing;
    if (this.#entries.size >= this.options.maxCameras)
      throw new RefusedError('at_capacity', `all ${this.options.maxCameras} cameras are in use: try later`);
    const camera: Camera = new Camera(
      {
        name: key,
        defaultRendition: spec.rendition,
        maxFps: spec.maxFps,
        alwaysOn: spec.alwaysOn && key === spec.name,
        lingerMs: this.options.lingerMs,
        times: this.options.times,
      },
      this.#closing.after(stream, this.#holds.guard(url, this.deps.opener(key, spec, url))),
      this.#cameraDeps,
      () => {
        if (this.#entries.get(key)?.camera === camera) this.#entries.delete(key);
      },
    );
    const entry = { ...stream, camera };
    this.#entries.set(key, entry);
    return entry;
  }

  #rendition(request: StreamRequest, spec: CameraSpec): Rendition {
    if (request.width === null && request.height === null)
      return { ...spec.rendition, quality: request.quality ?? spec.rendition.quality };
    const { width, height, quality } = request;
    const want = requestedRendition(
      { width: width ?? undefined, height: height ?? undefined, quality: quality ?? undefined },
      spec.rendition,
    );
    return { ...this.options.offeredSize(want), quality: want.quality };
  }

  /** At capacity the camera is not started and the others are configured all the same; a viewer's request tries again. */
  #startUnwatched(name: string, spec: CameraSpec): void {
    try {
      this.#entry({ key: name, spec, url: spec.url });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.deps.log.error({ event: 'at_capacity', camera: name }, `${name} is not started: ${error.message}`);
    }
  }

  #drop(key: string, error: ServiceError | null): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#closing.add(entry, entry.camera.close(error));
  }
}

import { nameInUse, StreamFinder } from './stream-finder.js';
import { Camera, type CameraDeps, type Seat, type SeatListener, type VideoSeat } from './camera.js';
import { type CameraSummary, summaryOf } from './telemetry/camera-summary.js';
import { MetricSeries } from './telemetry/metric-series.js';
import {
  isMainKey,
  mainKey,
  nameOf,
  renditionOf,
  sameStream,
  type Stream,
  type StreamRequest,
} from './stream.js';
import type { CameraSpec } from '../config/camera-spec.js';
import { CredentialHolds } from './credential-holds.js';
import { CameraError, RefusedError, type ServiceError } from '../shared/errors.js';
import { ClosingCameras } from './closing-cameras.js';
import type { PictureWant } from '../decoding/decode-plan.js';
import type { RtspUrl } from '../source/rtsp-url.js';
import type { RegistryDeps, RegistryOptions } from './registry-options.js';
import { Renames } from './renames.js';
import { type Supervise, superviseHere } from './supervision.js';

export type { CameraSummary, RegistryDeps, RegistryOptions, StreamRequest };

interface Entry extends Stream {
  readonly camera: Camera;
}

/** Stream key to camera: makes it for the first viewer, gives it to the others, forgets it after the last. */
export class Registry {
  readonly #configured = new Map<string, CameraSpec>();
  readonly #entries = new Map<string, Entry>();
  readonly #renames = new Renames();
  readonly #finder: StreamFinder;
  readonly #closing: ClosingCameras;
  readonly holds: CredentialHolds;
  readonly #cameraDeps: CameraDeps;
  #closed = false;

  constructor(
    private readonly options: RegistryOptions,
    private readonly deps: RegistryDeps,
  ) {
    this.#finder = new StreamFinder(this.#configured, this.#entries, this.#renames, options, deps.peers);
    this.#closing = new ClosingCameras(deps.clock);
    const series = new MetricSeries(deps.metrics, (key) => this.#configured.has(nameOf(key)));
    this.#cameraDeps = { ...deps, series };
    this.holds = new CredentialHolds(options.times.holdMs, deps.clock);
  }

  /**
   * Sets the configured cameras. Cameras that did not change go on untouched; changed and removed ones are closed, and their
   * viewers told `gone`, or the new name.
   */
  configure(specs: readonly CameraSpec[], gone: ServiceError | null): void {
    const wanted = new Map(specs.map((spec) => [spec.name, spec]));
    const before = new Map(this.#configured);
    this.#renames.note(before, wanted);
    for (const [name, spec] of before) {
      const next = wanted.get(name);
      if (next && sameStream(spec, next)) continue;
      // Whoever corrects a camera has its credentials tried at once, also those that were refused before.
      for (const url of [spec.url, spec.mainUrl, next?.url, next?.mainUrl]) if (url) this.holds.forget(url);
      const error = gone && (this.#renames.refusal(name) ?? gone);
      this.#drop(name, error);
      this.#drop(mainKey(name), error);
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
    const { camera, spec } = this.#open(request);
    const want = { rendition: renditionOf(request, spec, this.options.offeredSize), fps: request.fps };
    return { ...camera.join(want, listener), camera };
  }

  /** As `join`, for the video as the camera sends it, in its own size and rate. */
  joinVideo(request: StreamRequest, listener: SeatListener): VideoSeat & { readonly camera: Camera } {
    const { camera } = this.#open(request);
    return { ...camera.joinVideo(listener), camera };
  }

  /**
   * Takes a seat for another node at a stream that this one knows.
   * @param want `null`: the camera is kept open, and no frames are wanted
   * @throws as `join`
   */
  seat(key: string, want: PictureWant | null, listener: SeatListener): Seat {
    const { camera, spec } = this.#cameraFor(key);
    return camera.join(want ?? { rendition: spec.rendition, fps: null }, listener, want !== null);
  }

  /** As `seat`, for the video as the camera sends it. */
  seatVideo(key: string, listener: SeatListener): VideoSeat {
    return this.#cameraFor(key).camera.joinVideo(listener);
  }

  /**
   * For a person who asks for it: a camera that waits for its next try is tried now, or at the next `join` if it does not run.
   * @param mayTry asked only where there is something to try
   * @returns false when nothing was done, also within half a minute of a refusal (a camera may lock the account)
   * @throws RefusedError as `join`
   */
  retry(request: StreamRequest, mayTry: () => boolean): boolean {
    const { key, url } = this.#finder.find(request).stream;
    const camera = this.#entries.get(key)?.camera;
    if (!url || !this.holds.find(url)) return camera?.retry(mayTry) ?? false;
    if (!mayTry() || !this.holds.release(url)) return false;
    camera?.retry(() => true);
    return true;
  }

  /** The camera of a stream, running or lingering; `null` when there is none. */
  camera(key: string): Camera | null {
    return this.#entries.get(key)?.camera ?? null;
  }

  /** Where a stream comes from; `null` when this node does not know. */
  sourceOf(key: string): RtspUrl | null {
    return (this.#entries.get(key) ?? this.#finder.configured(nameOf(key), isMainKey(key)))?.url ?? null;
  }

  has(name: string): boolean {
    const isPeers = (this.deps.peers?.find(name) ?? null) !== null;
    return isPeers || this.#configured.has(name) || this.#entries.has(name);
  }

  /** All configured and running cameras, in the order of the configuration, then of their start. */
  list(now: number): CameraSummary[] {
    const { peers } = this.deps;
    const names = new Set([...this.#configured.keys(), ...this.#entries.keys(), ...(peers?.names() ?? [])]);
    return [...names]
      .filter((name) => !isMainKey(name))
      .map((name) => {
        const spec = this.#configured.get(name) ?? null;
        const small = this.#entries.get(name)?.camera ?? null;
        const main = this.#entries.get(mainKey(name))?.camera ?? null;
        const summary = summaryOf(name, spec, this.#renames.formerNames(name), small, main, now);
        return peers?.summary(summary, small !== null) ?? summary;
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

  /** @throws as `join` */
  #open(request: StreamRequest): Entry {
    if (this.#closed) throw new RefusedError('shutting_down', 'server is going away');
    const { stream, replaces } = this.#finder.find(request);
    if (replaces) this.#drop(stream.key, null);
    return this.#entry(this.#checked(stream));
  }

  /** A camera without a run is not opened under a name that is in use elsewhere, nor with credentials that were just refused. */
  #checked(stream: Stream): Stream {
    const { key, url } = stream;
    if (!url || this.#entries.get(key)?.camera.running) return stream;
    if (this.deps.peers?.isInUse(key, url)) throw nameInUse(nameOf(key));
    const held = this.holds.find(url);
    if (held) throw new CameraError(held);
    return stream;
  }

  /** The camera of a stream that runs here or that CONFIG_FILE has. @throws RefusedError */
  #cameraFor(key: string): Entry {
    if (this.#closed) throw new RefusedError('shutting_down', 'server is going away');
    const stream = this.#entries.get(key) ?? this.#finder.configured(nameOf(key), isMainKey(key));
    if (!stream) throw new RefusedError('no_such_camera', `this node knows no ${key}`);
    return this.#entry(this.#checked(stream));
  }

  #entry(stream: Stream): Entry {
    const { key, spec } = stream;
    const existing = this.#entries.get(key);
    if (existing) return existing;
    // With peers it is not known yet whether it will be decoded here.
    if (!this.deps.peers && this.#entries.size >= this.options.maxCameras)
      throw new RefusedError('at_capacity', `all ${this.options.maxCameras} cameras are in use: try later`);
    const camera: Camera = new Camera(
      {
        name: key,
        defaultRendition: spec.rendition,
        maxFps: spec.maxFps,
        alwaysOn: spec.alwaysOn && key === spec.name,
        lingerMs: this.options.lingerMs,
      },
      this.#supervise(stream),
      this.#cameraDeps,
      () => {
        if (this.#entries.get(key)?.camera === camera) this.#entries.delete(key);
      },
    );
    const entry = { ...stream, camera };
    this.#entries.set(key, entry);
    return entry;
  }

  #supervise(stream: Stream): Supervise {
    const { key, spec, url } = stream;
    const { gate, clock, peers } = this.deps;
    const here = (source: RtspUrl): Supervise => {
      const opener = this.holds.guard(source, this.deps.opener(key, spec, source));
      return superviseHere(this.#closing.after(key, source, opener), gate, this.options.times, clock);
    };
    if (peers) return peers.supervise(stream, url && here(url));
    if (url) return here(url);
    throw new Error(`${key} has no address`);
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

import type { CameraSummary } from '../camera/telemetry/camera-summary.js';
import type { PeerCamera } from '../camera/peers.js';
import { isMainKey, mainKey, type StreamSpec } from '../camera/stream.js';
import { parseRenditionKey } from '../shared/rendition.js';
import type { RtspUrl } from '../source/rtsp-url.js';
import type { ClusterSupervisor } from './streams/cluster-supervisor.js';
import type { Directory, KnownStream } from './nodes/directory.js';
import type { OwnerSide } from './demand/owner-side.js';
import type { SourceHasher } from './ownership/source-hash.js';

export interface PeerViewDeps {
  readonly directory: Directory;
  readonly owners: OwnerSide;
  readonly hasher: SourceHasher;
  readonly supervisor: (stream: string) => ClusterSupervisor | undefined;
  /** The directory's clock, ms. */
  readonly now: () => number;
  /** Unix epoch, ms. */
  readonly epochNow: () => number;
  /** For cameras that nobody has configured. */
  readonly defaults: Pick<StreamSpec, 'transport' | 'rendition' | 'maxFps'>;
}

/** What viewers of this node may know of all nodes' cameras. */
export class PeerView {
  constructor(private readonly deps: PeerViewDeps) {}

  /** A camera of another node: in its CONFIG_FILE, or running there. */
  find(name: string): PeerCamera | null {
    const { directory, defaults } = this.deps;
    const listed = directory.listed(name);
    if (!listed && !directory.owner(name)) return null;
    const spec: StreamSpec = {
      name,
      title: listed?.title ?? name,
      transport: defaults.transport,
      rendition: (listed && parseRenditionKey(listed.rendition)) ?? defaults.rendition,
      maxFps: listed ? listed.maxFps : defaults.maxFps,
      alwaysOn: false,
      site: listed?.site ?? '',
    };
    return { spec, hasMain: (listed?.mainHash ?? null) !== null };
  }

  isInUse(key: string, url: RtspUrl): boolean {
    const { directory, hasher } = this.deps;
    const known = directory.owner(key);
    return known !== null && known.hash !== hasher.hash(url.identity);
  }

  *names(): Iterable<string> {
    const { directory } = this.deps;
    yield* directory.allListed().keys();
    for (const { told } of directory.streams()) if (!isMainKey(told.stream)) yield told.stream;
  }

  summary(own: CameraSummary, running: boolean): CameraSummary {
    const { directory, supervisor } = this.deps;
    const name = own.camera;
    const listed = directory.listed(name);
    const known = directory.owner(name);
    const summary: CameraSummary = {
      ...own,
      ...(!running && known ? this.#told(known) : {}),
      configured: own.configured || listed !== null,
      hasMain: own.hasMain || (listed?.mainHash ?? null) !== null,
      viewers: this.#viewers(name) + this.#viewers(mainKey(name)),
      node: supervisor(name)?.owner ?? known?.node ?? null,
    };
    return own.configured || !listed ? summary : { ...summary, title: listed.title };
  }

  /** Of all nodes: an owner counts its own and those that edges tell it, and tells edges the sum. */
  #viewers(stream: string): number {
    const { directory, owners, supervisor } = this.deps;
    const supervised = supervisor(stream);
    if (supervised && supervised.remote === null) return supervised.wanted.viewers + owners.viewersOf(stream);
    const known = directory.owner(stream);
    return Math.max(known?.told.viewers ?? 0, supervised?.wanted.viewers ?? 0);
  }

  #told({ told, toldAt }: KnownStream): Partial<CameraSummary> {
    const { state, reason, sinceMs, degraded, frameMs } = told;
    const age = this.deps.now() - toldAt;
    return {
      state,
      reason,
      since: Math.round(this.deps.epochNow() - age - sinceMs),
      degraded,
      frameAgeMs: frameMs === null ? null : Math.round(frameMs + age),
    };
  }
}

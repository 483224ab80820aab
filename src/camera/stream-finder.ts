import type { Camera } from './camera.js';
import type { Peers } from './peers.js';
import type { Renames } from './renames.js';
import { adhocSpec, mainKey, type Stream, type StreamRequest } from './stream.js';
import type { CameraSpec } from '../config/camera-spec.js';
import { RefusedError } from '../shared/errors.js';
import { sameSource } from '../source/rtsp-url.js';

type AdhocDefaults = Parameters<typeof adhocSpec>[2];

/** From what a viewer asks for to one stream of a camera. */
export class StreamFinder {
  constructor(
    private readonly cameras: ReadonlyMap<string, CameraSpec>,
    private readonly running: ReadonlyMap<string, Stream & { readonly camera: Camera }>,
    private readonly renames: Pick<Renames, 'refusal'>,
    private readonly options: AdhocDefaults & { readonly adhoc: boolean },
    private readonly peers: Peers | null,
  ) {}

  /** A stream of a camera of CONFIG_FILE. */
  configured(name: string, wantsMain: boolean): Stream | null {
    const spec = this.cameras.get(name);
    if (!spec) return null;
    const main = wantsMain ? spec.mainUrl : null;
    return { key: main ? mainKey(name) : name, spec, url: main ?? spec.url };
  }

  /**
   * @returns `replaces`: a stream of another source that runs under this name is to be dropped
   * @throws RefusedError `no_such_camera`, `camera_renamed`, `name_in_use`, `adhoc_off`
   */
  find(request: StreamRequest): { readonly stream: Stream; readonly replaces: boolean } {
    const { camera: name, url } = request;
    const configured = this.configured(name, request.main);
    if (configured) {
      if (!url || sameSource(url, this.cameras.get(name)?.url ?? url))
        return { stream: configured, replaces: false };
      throw new RefusedError(
        'name_in_use',
        `${name} is a configured camera: leave rtsp out or use another name`,
      );
    }
    const running = this.running.get(name);
    if (!url) return { stream: this.#known(request, running), replaces: false };
    if (!this.options.adhoc)
      throw new RefusedError('adhoc_off', 'only configured cameras may be watched (ADHOC_RTSP=off)');
    if (running) {
      const isSame = running.url ? sameSource(url, running.url) : !this.peers?.isInUse(name, url);
      if (isSame) return { stream: running, replaces: false };
      if (running.camera.viewers > 0) throw nameInUse(name);
    }
    // Nobody watches the old one: a corrected URL need not wait for its linger.
    return { stream: { key: name, spec: adhocSpec(name, url, this.options), url }, replaces: !!running };
  }

  /** A camera whose address the viewer does not give. */
  #known({ camera: name, main }: StreamRequest, running: Stream | undefined): Stream {
    const peer = running?.url ? null : this.peers?.find(name);
    if (peer) return { key: main && peer.hasMain ? mainKey(name) : name, spec: peer.spec, url: null };
    if (running) return running;
    throw (
      this.renames.refusal(name) ??
      new RefusedError('no_such_camera', `no camera is named ${name}: give its address as rtsp=`)
    );
  }
}

export const nameInUse = (name: string): RefusedError =>
  new RefusedError('name_in_use', `camera_index ${name} is in use with another URL: use another name`);

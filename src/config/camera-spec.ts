import type { Rendition } from '../shared/rendition.js';
import type { Transport } from '../shared/worker-protocol.js';
import type { RtspUrl } from '../source/rtsp-url.js';

/** A camera as it is known before it runs. */
export interface CameraSpec {
  readonly name: string;
  readonly title: string;
  readonly url: RtspUrl;
  /** The camera's large stream, for a tile in focus. */
  readonly mainUrl: RtspUrl | null;
  readonly transport: Transport;
  readonly rendition: Rendition;
  readonly maxFps: number | null;
  readonly alwaysOn: boolean;
  /** Width to height of the picture as it is to be shown; left out: as the stream says. */
  readonly aspect?: number;
  /** In a cluster: only nodes of this NODE_SITE open it. */
  readonly site?: string;
}

import type { CameraOpener } from '../decoding/camera-run.js';
import type { Rendition } from '../shared/rendition.js';
import type { Transport } from '../shared/worker-protocol.js';
import type { RtspUrl } from '../source/rtsp-url.js';
import type { CameraDeps } from './camera.js';
import type { ConnectGate } from './life/connect-gate.js';
import type { SupervisorTimes } from './life/supervisor.js';
import type { Peers } from './peers.js';
import type { OfferedSize, StreamSpec } from './stream.js';

export interface RegistryOptions {
  readonly maxCameras: number;
  readonly adhoc: boolean;
  readonly transport: Transport;
  readonly defaultRendition: Rendition;
  readonly maxFps: number | null;
  readonly lingerMs: number;
  readonly times: SupervisorTimes;
  /** Snaps a wanted size to one that is offered. */
  readonly offeredSize: OfferedSize;
}

export interface RegistryDeps extends Omit<CameraDeps, 'series'> {
  readonly gate: ConnectGate;
  /** `null` on a single node. */
  readonly peers: Peers | null;
  readonly opener: (key: string, spec: StreamSpec, url: RtspUrl) => CameraOpener;
}

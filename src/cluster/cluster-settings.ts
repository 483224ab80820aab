import type { Camera } from '../camera/camera.js';
import type { Clock } from '../shared/clock.js';
import type { CameraErrorCode } from '../shared/errors.js';
import type { RtspUrl } from '../source/rtsp-url.js';
import type { Log } from '../telemetry/log.js';
import type { ClusterMetrics } from './cluster-metrics.js';
import type { PeerViewDeps } from './cluster-peers.js';
import type { NatsSettings } from './bus/nats-settings.js';
import type { NodeRole } from './nodes/node-record.js';
import type { CameraHost } from './demand/owner-side.js';

export interface ClusterSettings {
  readonly nats: NatsSettings;
  /** CLUSTER_NAME */
  readonly cluster: string;
  readonly secret: string;
  readonly node: string;
  readonly site: string;
  readonly role: NodeRole;
  readonly version: string;
  /** MAX_CAMERAS */
  readonly maxOwned: number;
  /** Processors that this process may use. */
  readonly cores: number;
  /** VIEWER_MAX_LAG_MS */
  readonly maxLagMs: number;
  readonly defaults: PeerViewDeps['defaults'];
}

/** This node's cameras. */
export interface ClusterCameras extends CameraHost {
  camera(stream: string): Camera | null;
  sourceOf(stream: string): RtspUrl | null;
  /** Credentials that cameras refused a short while ago, by the identity of their sources. */
  readonly holds: {
    list(): readonly { readonly identity: string; readonly code: CameraErrorCode; readonly leftMs: number }[];
  };
}

export interface ClusterDeps {
  readonly clock: Clock;
  /** Unix epoch, ms. */
  readonly epochNow: () => number;
  readonly log: Log;
  readonly metrics: ClusterMetrics;
  /** Idle share of the processors since the last call, 0-1; NaN when no time went by. */
  readonly freeShare: () => number;
}

import type { ConnectGate } from './life/connect-gate.js';
import type { CameraStatus } from '../shared/camera-state.js';
import type { Clock } from '../shared/clock.js';
import type { CameraErrorCode, ServiceError } from '../shared/errors.js';
import type { DecodePlan, VideoCodec } from '../shared/worker-protocol.js';
import { type CameraOpener, openAfter } from '../decoding/camera-run.js';
import type { Degradation } from '../decoding/decode-plan.js';
import { Supervisor, type SupervisorEvents, type SupervisorTimes } from './life/supervisor.js';

/** Another node that decodes a camera, and what it says of it. */
export interface RemoteOwner {
  readonly node: string;
  readonly degradation: Degradation;
}

/** What watches over one camera while it runs: the supervisor of runs here, or whoever brings its frames from another node. */
export interface Supervision {
  readonly status: CameraStatus;
  /** Why the camera is not live although it was tried; `null` while the first try is on, and once it has been live. */
  readonly lastFailure: CameraErrorCode | null;
  /** `null` while it is decoded here. */
  readonly remote: RemoteOwner | null;
  setPlan(plan: DecodePlan): void;
  /** For a new viewer, a camera that never was live is tried again soon. */
  requestRetry(): void;
  /**
   * A person asks for it: whatever the next try waits for, it comes now.
   * @param mayTry asked only where there is a try that waits
   * @returns false when nothing was done
   */
  retry(mayTry: () => boolean): boolean;
  /** Resolves when nothing of it is left. */
  stop(): Promise<void>;
}

export interface SupervisionEvents extends SupervisorEvents {
  /** No viewer may have this camera under this name: every seat is lost. */
  refused(error: ServiceError): void;
  /** What the camera sends, as the other node says that receives it; `null`: not known. */
  source(codec: VideoCodec | null): void;
}

/**
 * Begins to watch over a camera.
 * @param before resolves when an earlier run of it is gone: a camera may grant one session only
 */
export type Supervise = (plan: DecodePlan, events: SupervisionEvents, before: Promise<void>) => Supervision;

/** Decodes the camera here. */
export const superviseHere =
  (opener: CameraOpener, gate: ConnectGate, times: SupervisorTimes, clock: Clock): Supervise =>
  (plan, events, before) =>
    new Supervisor(plan, openAfter(before, opener), gate, times, clock, events);

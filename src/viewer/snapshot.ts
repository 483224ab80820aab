import type { CameraState } from '../shared/camera-state.js';
import type { Clock } from '../shared/clock.js';
import { CameraError } from '../shared/errors.js';
import type { Frame } from '../camera/publisher.js';
import type { Registry, StreamRequest } from '../camera/registry.js';

export interface Snapshot {
  readonly frame: Frame;
  readonly state: CameraState;
}

export interface SnapshotOptions {
  /** A newest frame that is at most this old, ms, will do while the camera is live; else the next one is waited for. */
  readonly freshMs: number;
  /** Longest wait, ms; then the newest frame is given however old, if there is one. */
  readonly waitMs: number;
  readonly clock: Clock;
  /** Unix epoch, ms. */
  readonly epoch: () => number;
}

/** States in which the next frame may be long in coming: what there is, is given at once. */
const LOST: ReadonlySet<CameraState> = new Set(['stale', 'offline']);

/**
 * One frame of a camera: the newest of a running one, or the first of one that is opened for it.
 *
 * @returns `cancel` leaves the camera at once; `taken` then never settles. It rejects with CameraError (`open_timeout` when
 *   nothing came in time).
 * @throws RefusedError, CameraError
 */
export function takeSnapshot(
  registry: Pick<Registry, 'join'>,
  request: StreamRequest,
  { freshMs, waitMs, clock, epoch }: SnapshotOptions,
): { taken: Promise<Snapshot>; cancel: () => void } {
  let lost: ((error: Error) => void) | null = null;
  let stateChanged: () => void = () => undefined;
  const seat = registry.join(request, {
    state: () => {
      stateChanged();
    },
    lost: (error) => lost?.(error),
  });
  const sink: { frame: (frame: Frame) => void } = { frame: () => undefined };
  let stopTimer: () => void = () => undefined;
  const cancel = (): void => {
    stopTimer();
    stateChanged = () => undefined;
    seat.channel.sinks.delete(sink);
    seat.leave();
  };
  const taken = new Promise<Snapshot>((resolve, reject) => {
    const settle = (frame: Frame): void => {
      const { state } = seat.camera.status;
      cancel();
      resolve({ frame, state });
    };
    const fail = (error: Error): void => {
      cancel();
      reject(error);
    };
    const newest = seat.channel.latest;
    if (newest && (epoch() - newest.capturedAt <= freshMs || LOST.has(seat.camera.status.state))) {
      settle(newest);
      return;
    }
    lost = fail;
    stateChanged = () => {
      const last = seat.channel.latest;
      if (last && LOST.has(seat.camera.status.state)) settle(last);
    };
    sink.frame = settle;
    seat.channel.sinks.add(sink);
    const overdue = (): void => {
      const last = seat.channel.latest;
      const { state, reason } = seat.camera.status;
      if (last) settle(last);
      // Perhaps it waits in the queue of those that connect; its first opening ends in a frame or in `lost`.
      else if (state === 'connecting') wait();
      else fail(new CameraError(reason ?? 'open_timeout'));
    };
    const wait = (): void => {
      stopTimer = clock.after(waitMs, overdue);
    };
    wait();
  });
  return { taken, cancel };
}

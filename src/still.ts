import type { Clock } from './clock.js';
import { CameraError } from './errors.js';
import type { Frame } from './publisher.js';
import type { Registry, StreamRequest } from './registry.js';
import type { CameraState } from './camera-state.js';

export interface Still {
  readonly frame: Frame;
  readonly state: CameraState;
}

/**
 * One frame of a camera: the newest of a running one, or the first of one that is opened for it.
 *
 * @param freshMs a newest frame that is at most this old will do while the camera is live; else the next one is waited for
 * @param waitMs longest wait, ms; then the newest frame is given however old, if there is one
 * @throws RefusedError, CameraError (`open_timeout` when nothing came in time)
 */
export function takeStill(
  registry: Pick<Registry, 'join'>,
  request: StreamRequest,
  { freshMs, waitMs, clock, epoch }: { freshMs: number; waitMs: number; clock: Clock; epoch: () => number },
): Promise<Still> {
  return new Promise((resolve, reject) => {
    let cancel: () => void = () => undefined;
    const seat = registry.join(request, {
      state: () => undefined,
      lost: (error) => {
        finish(() => {
          reject(error);
        });
      },
    });
    const sink = { frame: (frame: Frame) => settle(frame) };
    const finish = (result: () => void): void => {
      cancel();
      seat.channel.sinks.delete(sink);
      seat.leave();
      result();
    };
    const settle = (frame: Frame): void => {
      finish(() => {
        resolve({ frame, state: seat.camera.status.state });
      });
    };
    const newest = seat.channel.latest;
    if (newest && epoch() - newest.capturedAt <= freshMs) {
      settle(newest);
      return;
    }
    seat.channel.sinks.add(sink);
    cancel = clock.after(waitMs, () => {
      const last = seat.channel.latest;
      if (last) settle(last);
      else
        finish(() => {
          reject(new CameraError('open_timeout'));
        });
    });
  });
}

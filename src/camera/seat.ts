import type { Channel } from './publisher.js';
import type { CameraStatus } from '../shared/camera-state.js';
import type { ServiceError } from '../shared/errors.js';
import type { VideoChannel } from './video-channel.js';

/** What the holder of a seat is told. */
export interface SeatListener {
  state(status: CameraStatus): void;
  /** The seat is lost: the first opening failed, the camera was reconfigured, or the service stops. */
  lost(error: ServiceError): void;
}

/** A viewer's place at a camera. */
export interface Place {
  /** An inactive place keeps the camera open and its listener told, but wants no frames. */
  setActive(active: boolean): void;
  leave(): void;
}

/** The place of a viewer who wants pictures. */
export interface Seat extends Place {
  readonly channel: Channel;
}

/** The place of a viewer who wants the video as the camera sends it. */
export interface VideoSeat extends Place {
  readonly video: VideoChannel;
}

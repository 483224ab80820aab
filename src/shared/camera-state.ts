import type { CameraErrorCode } from './errors.js';

/**
 * What a viewer may believe of a camera's picture.
 * - `idle`: nobody watches, nothing runs
 * - `connecting`: opening for the first time, no picture yet
 * - `live`: frames come
 * - `stale`: frames stopped; the last one is a few seconds old; the service is reconnecting
 * - `frozen`: frames come, but the picture has not changed for FROZEN_AFTER_MS
 * - `offline`: no frame for OFFLINE_AFTER_MS, or never one; the service goes on trying
 */
export const CAMERA_STATES = ['idle', 'connecting', 'live', 'stale', 'frozen', 'offline'] as const;
export type CameraState = (typeof CAMERA_STATES)[number];

export interface CameraStatus {
  readonly state: CameraState;
  /** Why it is not live. */
  readonly reason: CameraErrorCode | null;
  /** When this state began: Unix epoch, ms. */
  readonly since: number;
  /** While only key frames are decoded: how old the newest may be before the picture is not of the present, ms. */
  readonly maxGapMs?: number;
}

/** A picture older than this is not called stale any more. */
export const OFFLINE_AFTER_MS = 10_000;

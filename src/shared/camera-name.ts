import { badParameter } from './errors.js';

declare const checked: unique symbol;
/** A name that parseCameraName has passed: safe in topics, logs, metrics and file names. */
export type CameraName = string & { readonly [checked]: true };

export const CAMERA_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const isCameraName = (text: string): text is CameraName => CAMERA_NAME.test(text);

/** Throws RefusedError `bad_parameter`, naming `parameter`. */
export function parseCameraName(text: string, parameter = 'camera_index'): CameraName {
  if (isCameraName(text)) return text;
  throw badParameter(`${parameter} must be 1-64 of A-Z a-z 0-9 . _ - and begin with a letter or digit`);
}

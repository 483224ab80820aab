import type { AccessUnit } from '../src/video/access-unit.js';

/** Whether it is a right picture without any other: what is left when key frames alone are decoded. */
export const isPictureByItself = ({ randomAccess, recoveryFrames }: AccessUnit): boolean =>
  randomAccess === 'key' || (randomAccess === 'recovery' && recoveryFrames === 0);

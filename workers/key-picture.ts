import type { AccessUnit } from '../src/video/access-unit.js';

/** Whether it is a right picture without any other: what is left when key frames alone are decoded. */
export const isPictureByItself = ({ randomAccess, recoveryFrames }: AccessUnit): boolean =>
  randomAccess === 'key' || (randomAccess === 'recovery' && recoveryFrames === 0);

/** Whether it is one of H.264's that is no key picture: pictures behind it may come with references from before it. */
export const isOpenGroup = ({ randomAccess, recoveryFrames }: AccessUnit): boolean =>
  randomAccess === 'recovery' && recoveryFrames === 0;

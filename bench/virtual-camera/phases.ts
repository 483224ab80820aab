import type { CameraOptions } from './options.js';

/** Steps of a sequence in the plane whose first n points are spread evenly, whatever n is: 1/p and 1/p^2 with p^3 = p + 1 (R2). */
const STEP = { picture: 0.7548776662466927, group: 0.5698402909980532 } as const;

const fraction = (value: number): number => value - Math.floor(value);

/**
 * How many frames camera `index` is ahead of the first. All differ by a second or so in their numbers: who mixes cameras up is seen to
 * do so. In phase they are spread over one frame's time; independent ones also over the group of pictures, and so that the first n of
 * them are spread evenly, too.
 */
export function framesAhead(
  index: number,
  { count, gop, independent }: Pick<CameraOptions, 'count' | 'gop' | 'independent'>,
): number {
  if (!independent) return index * gop + index / count;
  const group = Math.floor(gop * fraction(index * STEP.group));
  return index * gop + group + fraction(index * STEP.picture);
}

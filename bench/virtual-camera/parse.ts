/** Checks of what a person typed. */

/** A problem with an option or a fault that a person must solve. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

/** @throws OptionsError unless `value` is whole and in range. */
export function within(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new OptionsError(`${name} must be a whole number from ${low} to ${high}`);
  }
  return value;
}

/** @throws OptionsError unless `text` is one of `all`. */
export function oneOf<T extends string>(name: string, text: string, all: readonly T[]): T {
  const found = all.find((candidate) => candidate === text);
  if (found === undefined) throw new OptionsError(`${name} must be one of ${all.join(', ')}`);
  return found;
}

export interface Size {
  /** Pixels, even, 128-3840. */
  readonly width: number;
  /** Pixels, even, 64-2160. */
  readonly height: number;
}

/** @throws OptionsError unless even and in range. */
export function checkSize(size: Size): Size {
  within('width', size.width, 128, 3840);
  within('height', size.height, 64, 2160);
  if (size.width % 2 !== 0 || size.height % 2 !== 0) throw new OptionsError('size must be even');
  return size;
}

/** `640x360` as numbers. @throws OptionsError */
export function parseSize(text: string): Size {
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  if (match === null) throw new OptionsError('size must be WIDTHxHEIGHT, for example 640x360');
  return checkSize({ width: Number(match[1]), height: Number(match[2]) });
}

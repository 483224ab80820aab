import { ClipStore } from '../virtual-camera/clip.js';
import type { CameraOptions } from '../virtual-camera/options.js';

/** So many bytes at a picture's end are its own. */
const TAIL_BYTES = 24;

/** Tells which of a virtual camera's pictures an access unit is, by its last bytes. */
export async function unitNumbers(options: CameraOptions): Promise<(unit: Buffer) => number | null> {
  const { width, height, fps, gop, bitrate, clipFrames, pattern, noise, matrix } = options;
  const spec = { width, height, fps, gop, bitrate, clipFrames, pattern, noise, matrix };
  const { pictures } = await new ClipStore(() => undefined).get(spec);
  const numbers = new Map(pictures.map(({ bytes }, number) => [tailOf(bytes), number]));
  return (unit) => numbers.get(tailOf(unit)) ?? null;
}

const tailOf = (bytes: Buffer): string => bytes.subarray(-TAIL_BYTES).toString('latin1');

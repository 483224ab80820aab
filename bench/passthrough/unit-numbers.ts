import { END_BYTES } from '../lib/viewer-load.js';
import { ClipStore } from '../virtual-camera/clip.js';
import type { CameraOptions } from '../virtual-camera/options.js';

/** Tells which of a virtual camera's pictures an access unit is, by its last bytes (latin1): they are the picture's own. */
export async function unitNumbers(options: CameraOptions): Promise<(end: string) => number | null> {
  const { width, height, fps, gop, bitrate, clipFrames, pattern, noise, matrix } = options;
  const spec = { width, height, fps, gop, bitrate, clipFrames, pattern, noise, matrix };
  const { pictures } = await new ClipStore(() => undefined).get(spec);
  const numbers = new Map(
    pictures.map(({ bytes }, number) => [bytes.subarray(-END_BYTES).toString('latin1'), number]),
  );
  return (end) => numbers.get(end) ?? null;
}

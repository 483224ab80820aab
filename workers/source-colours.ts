import type { VideoFormat } from '../src/video/video-format.js';

/** How a source's YUV is meant. */
export interface SourceColours {
  /** Full range (0-255); else limited (luma 16-235, chroma 16-240). */
  readonly isFull: boolean;
  readonly matrix: 'bt601' | 'bt709' | 'bt2020';
}

/** What nearly every camera's substream is. */
export const USUAL_COLOURS: SourceColours = { isFull: false, matrix: 'bt601' };

/** Of frames that were decoded from this format. A source that names no matrix is taken for BT.601, as players take it. */
export function sourceColours({ fullRange, matrix }: VideoFormat): SourceColours {
  // The scaler has made it of RGB.
  if (matrix === 'rgb') return USUAL_COLOURS;
  return { isFull: fullRange, matrix: matrix === 'bt709' || matrix === 'bt2020' ? matrix : 'bt601' };
}

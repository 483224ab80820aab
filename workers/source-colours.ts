/** How a source's YUV is meant. */
export interface SourceColours {
  /** Full range (0-255); else limited (luma 16-235, chroma 16-240). */
  readonly isFull: boolean;
  readonly matrix: 'bt601' | 'bt709';
}

/** What nearly every camera's substream is, and what FFmpeg takes a source for that does not say. */
export const USUAL_COLOURS: SourceColours = { isFull: false, matrix: 'bt601' };

/**
 * The first stream line of the input, up to what stands behind its pixel format: `yuv420p(tv, bt709, progressive)`. Not of the
 * output, where FFmpeg 4 leaves the matrix out.
 */
const INPUT_FORMAT = /Stream #0:\d[^\n]*?: Video: (?!rawvideo)[^\n]*?, \w+\(([^)\n]*)\)[^\n]*\n/;

/** Builds word it differently: `yuvj420p, 640x360` (4.x), `yuvj420p(pc, progressive), 640x360` (5 on); limited range is `yuv420p` in all. */
const OUTPUT_FORMAT = /Video: rawvideo [^\n]*?\byuv(j?)420p(?:\(([^)]*)\))?[^\n]*\n/;

/** The matrix stands alone, or before primaries and transfer where these differ: `bt709/unknown/unknown`. */
const BT709 = /(?:^|, )bt709\b/;

/** FFmpeg's start-up lines are some 3 KB; a build that says nothing of its output by then never does. */
const LONGEST_START = 64 * 1024;

/** Learns from FFmpeg's words on its input and its output how the frames are meant, before the first of them comes. */
export class SourceColoursReader {
  #text = '';
  #colours: SourceColours | null = null;

  /** The usual until FFmpeg says otherwise. */
  get colours(): SourceColours {
    return this.#colours ?? USUAL_COLOURS;
  }

  /** Takes the next part of stderr, in chunks of any size. */
  push(text: string): void {
    if (this.#colours !== null) return;
    this.#text += text;
    const output = OUTPUT_FORMAT.exec(this.#text);
    if (output) {
      const meant = [INPUT_FORMAT.exec(this.#text)?.[1] ?? '', output[2] ?? ''];
      this.#colours = {
        isFull: output[1] === 'j' || /\bpc\b/.test(output[2] ?? ''),
        matrix: meant.some((words) => BT709.test(words)) ? 'bt709' : 'bt601',
      };
    } else if (this.#text.length > LONGEST_START) this.#colours = USUAL_COLOURS;
    if (this.#colours !== null) this.#text = '';
  }
}

/**
 * Learns from what FFmpeg says of its output whether frames are in full range, before the first of them comes. Builds word
 * it differently: `yuvj420p, 640x360` (4.x), `yuvj420p(pc, progressive), 640x360` (5 on); limited range is `yuv420p` in all.
 */
const OUTPUT_FORMAT = /Video: rawvideo [^\n]*?\byuv(j?)420p(?:\(([^)]*)\))?[^\n]*\n/;

/** FFmpeg's start-up lines are some 3 KB; a build that says nothing of its output by then never does. */
const LONGEST_START = 64 * 1024;

export class SourceRange {
  #text = '';
  #full: boolean | null = null;

  /** Limited until FFmpeg says otherwise, as nearly every camera is. */
  get isFull(): boolean {
    return this.#full ?? false;
  }

  /** Takes the next part of stderr, in chunks of any size. */
  push(text: string): void {
    if (this.#full !== null) return;
    this.#text += text;
    const match = OUTPUT_FORMAT.exec(this.#text);
    if (match) this.#full = match[1] === 'j' || /\bpc\b/.test(match[2] ?? '');
    else if (this.#text.length > LONGEST_START) this.#full = false;
    if (this.#full !== null) this.#text = '';
  }
}

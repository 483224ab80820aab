import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** More than a viewer of a small camera is sent in its life, bytes. */
const MOST_BYTES = 16e6;

/** What one viewer was sent of a camera's video as it comes, in H.264, and whether a decoder takes all of it. */
export class UnitCheck {
  readonly #units: Buffer[] = [];
  #bytes = 0;

  note(unit: Buffer): void {
    this.#bytes += unit.length;
    if (this.#bytes <= MOST_BYTES) this.#units.push(unit);
  }

  /** Lines of a decoder's complaints: none as long as no unit lacks one that it needs, and none is cut. */
  async complaints(ffmpeg: string): Promise<string[]> {
    if (this.#units.length === 0) return [];
    const args = ['-v', 'error', '-threads', '1', '-f', 'h264', '-i', 'pipe:0', '-f', 'null', '-'];
    const decoder = spawn(ffmpeg, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let text = '';
    decoder.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
    // A decoder that gives up closes its input: what it said is what counts.
    decoder.stdin.on('error', () => undefined);
    decoder.stdin.end(Buffer.concat(this.#units));
    await once(decoder, 'close');
    return text.split('\n').filter((line) => line !== '');
  }
}

import { fileSignature } from '../shared/file-signature.js';
import type { FfmpegBuild } from '../shared/worker-protocol.js';

/** The FFmpeg in use, or why there is none. */
export type FoundFfmpeg = FfmpegBuild | { readonly problem: string };

/**
 * The FFmpeg that cameras are opened with. A service runs for weeks, and packages are upgraded meanwhile: another version of the program
 * speaks another dialect, and needs other descriptors, so it is probed again before the next camera is opened.
 */
export class FfmpegInUse {
  #probing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly find: () => Promise<FoundFfmpeg>,
    private readonly replaced: (found: FoundFfmpeg) => void,
    private found: FoundFfmpeg,
    private signature: string,
  ) {}

  /**
   * @param find probes; rejects with an Error that says what to do
   * @param replaced is told what was found when the program had been replaced; if there is a problem the old build goes on being used
   */
  static async start(
    find: () => Promise<FfmpegBuild>,
    replaced: (found: FoundFfmpeg) => void,
  ): Promise<FfmpegInUse> {
    const findOrTell = (): Promise<FoundFfmpeg> =>
      find().catch((error: unknown) => ({
        problem: error instanceof Error ? error.message : String(error),
      }));
    const found = await findOrTell();
    return new FfmpegInUse(findOrTell, replaced, found, await signatureOf(found));
  }

  get present(): FoundFfmpeg {
    return this.found;
  }

  /** Looks first whether it was replaced. @returns `null` if none was found at start */
  async forNextRun(): Promise<FfmpegBuild | null> {
    // Forty cameras that come back at once ask for one probe.
    this.#probing = this.#probing.then(() => this.#probeIfReplaced());
    await this.#probing;
    return 'problem' in this.found ? null : this.found;
  }

  async #probeIfReplaced(): Promise<void> {
    const now = await signatureOf(this.found);
    // Not there: it is being replaced, or was taken away, which the decoder's start will tell.
    if (now === '' || now === this.signature) return;
    this.signature = now;
    const next = await this.find();
    if (!('problem' in next)) {
      // Found on PATH it may be another one.
      if (!('problem' in this.found) && next.path !== this.found.path)
        this.signature = await signatureOf(next);
      this.found = next;
    }
    this.replaced(next);
  }
}

const signatureOf = async (found: FoundFfmpeg): Promise<string> =>
  'problem' in found ? '' : fileSignature(found.path);

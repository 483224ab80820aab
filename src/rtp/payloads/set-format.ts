import type { VideoFormat } from '../../video/video-format.js';
import type { ParameterSets } from './parameter-sets.js';

/** The format that a stream's parameter sets describe: read anew only when they change, or another SPS is referred to. */
export class SetFormat<Sps extends { readonly id: number }> {
  #known: { readonly version: number; readonly sps: Sps; readonly format: VideoFormat } | null = null;

  /** @param read makes a format of an SPS and of all sets in Annex B */
  constructor(private readonly read: (sps: Sps, parameterSets: Uint8Array<ArrayBuffer>) => VideoFormat) {}

  /** What `of` answered last; `null` before. */
  get last(): VideoFormat | null {
    return this.#known?.format ?? null;
  }

  /** The SPS of `last`. */
  get lastSps(): Sps | null {
    return this.#known?.sps ?? null;
  }

  /** @throws FormatError when `read` does; `last` stays then */
  of(sets: Pick<ParameterSets<Sps>, 'version' | 'annexB'>, sps: Sps): VideoFormat {
    const { version, annexB } = sets;
    if (this.#known?.version !== version || this.#known.sps !== sps)
      this.#known = { version, sps, format: this.read(sps, annexB) };
    return this.#known.format;
  }
}

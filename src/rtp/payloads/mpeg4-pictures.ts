import { findStartCode } from '../../video/annex-b.js';
import { MPEG4, mpeg4Format } from '../../video/mpeg4-vol.js';
import { FormatError, type VideoFormat } from '../../video/video-format.js';
import type { Picture, PictureCodec } from './picture-codec.js';

/** Headers in front of the first picture, at most: they are some 50 bytes, user data included some hundred. */
const MAX_CONFIG_BYTES = 4096;
const NOTHING = new Uint8Array(0);
/** vop_coding_type (ISO/IEC 14496-2, table 6-20). */
const CODING = { intra: 0, bidirectional: 2 } as const;

/** MPEG-4 Visual pictures (VOPs): random access, references and format. */
export class Mpeg4Pictures implements PictureCodec {
  readonly codec = 'mpeg4';
  readonly conceals = true;
  readonly isUnreadable = false;
  #config: Uint8Array<ArrayBuffer> = NOTHING;
  #format: VideoFormat | null = null;
  #randomAccessTime = 0;
  /** The open unit holds a picture, not only headers. */
  hasPicture = false;

  constructor(
    config: readonly Uint8Array[],
    private readonly refused: (kind: 'bad_data' | 'too_large', what: string) => void,
  ) {
    for (const headers of config) this.#take(headers);
  }

  /** Whether a packet begins with a header or a picture, and not in the middle of one. */
  static beginsUnit(data: Uint8Array, from: number, to: number): boolean {
    if (to - from < 4 || data[from] !== 0 || data[from + 1] !== 0 || data[from + 2] !== 1) return false;
    const code = data[from + 3] ?? 0;
    return code <= MPEG4.lastLayer || (code >= MPEG4.sequence && code <= MPEG4.picture);
  }

  begin(): void {
    this.hasPicture = false;
  }

  /** Headers may come in packets, and with timestamps, of their own. */
  awaitsMore(): boolean {
    return !this.hasPicture;
  }

  end(bytes: Uint8Array, length: number, _lost: number, mediaTimeMs: number): Picture | null {
    const { headers, picture } = parts(bytes, length);
    if (headers > 0) this.#take(bytes.subarray(0, headers));
    if (picture < 0) return null;
    const coding = (bytes[picture + 4] ?? 0) >> 6;
    const key = coding === CODING.intra;
    const disposable = coding === CODING.bidirectional;
    const leading = disposable && mediaTimeMs < this.#randomAccessTime;
    if (key) this.#randomAccessTime = mediaTimeMs;
    return {
      randomAccess: key ? 'key' : 'none',
      recoveryFrames: 0,
      disposable,
      leading,
      followsOn: false,
      format: this.#format,
      prefix: key ? this.#config : NOTHING,
      skip: headers,
      suffix: NOTHING,
    };
  }

  handedOver(): void {
    // Headers go with each key picture, and change nowhere else.
  }

  forget(): void {
    // Nothing waits.
  }

  #take(headers: Uint8Array): void {
    if (Buffer.compare(headers, this.#config) === 0) return;
    if (headers.length > MAX_CONFIG_BYTES) {
      this.refused('too_large', 'MPEG-4 headers');
      return;
    }
    const config = new Uint8Array(headers);
    try {
      this.#format = mpeg4Format(config);
      this.#config = config;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.refused('bad_data', error.message);
    }
  }
}

/** Whether a picture's start code is among the bytes. */
export function holdsPicture(bytes: Uint8Array, from: number, to: number): boolean {
  return parts(bytes.subarray(from, to), to - from).picture >= 0;
}

/** Where the headers (VOS, VO, VOL) end, and where the picture's start code is; -1 if there is none. */
function parts(bytes: Uint8Array, length: number): { readonly headers: number; readonly picture: number } {
  const unit = bytes.subarray(0, length);
  let headers = 0;
  let hasLayer = false;
  for (let at = findStartCode(unit, 0); at >= 0; at = findStartCode(unit, at + 3)) {
    const code = unit[at + 3] ?? 0;
    if (code === MPEG4.group || code === MPEG4.picture) headers = hasLayer && headers === 0 ? at : headers;
    if (code === MPEG4.picture) return { headers, picture: at };
    if (code >= MPEG4.firstLayer && code <= MPEG4.lastLayer) hasLayer = true;
  }
  return { headers: hasLayer ? length : 0, picture: -1 };
}

import { JPEG, jpegFormat } from '../../video/jpeg.js';
import { FormatError, type VideoFormat } from '../../video/video-format.js';
import { writeJpegHeader, type JpegHeaderFields } from './jpeg-header.js';
import type { Picture, PictureCodec } from './picture-codec.js';

const NOTHING = new Uint8Array(0);
const END_OF_IMAGE = Uint8Array.of(0xff, JPEG.endOfImage);

/** JPEG pictures: each stands for itself, so a loss costs one. */
export class JpegPictures implements PictureCodec {
  readonly codec = 'jpeg';
  /** Half a JPEG is a torn picture. */
  readonly conceals = false;
  readonly isUnreadable = false;
  /** Of the open picture; `null` while they are not known. */
  fields: JpegHeaderFields | null = null;
  #written: {
    readonly fields: JpegHeaderFields;
    readonly header: Uint8Array;
    readonly format: VideoFormat;
  } | null = null;

  constructor(private readonly refused: (kind: 'bad_data' | 'too_large', what: string) => void) {}

  begin(): void {
    this.fields = null;
  }

  awaitsMore(): boolean {
    return false;
  }

  end(bytes: Uint8Array, length: number): Picture | null {
    // Some cameras send the whole file.
    const isFile = bytes[0] === 0xff && bytes[1] === JPEG.startOfImage && bytes[2] === 0xff;
    const written = isFile ? this.#fileFormat(bytes.subarray(0, length)) : this.#headerOf(this.fields);
    if (written === null || length === 0) return null;
    const ended = bytes[length - 2] === 0xff && bytes[length - 1] === JPEG.endOfImage;
    return {
      randomAccess: 'key',
      recoveryFrames: 0,
      disposable: true,
      leading: false,
      followsOn: true,
      format: written.format,
      prefix: written.header,
      skip: 0,
      suffix: ended ? NOTHING : END_OF_IMAGE,
    };
  }

  handedOver(): void {
    // Each picture has all that it needs.
  }

  forget(): void {
    // Nothing waits.
  }

  #headerOf(
    fields: JpegHeaderFields | null,
  ): { readonly header: Uint8Array; readonly format: VideoFormat } | null {
    if (fields === null) return null;
    if (this.#written !== null && sameFields(fields, this.#written.fields)) return this.#written;
    const header = writeJpegHeader(this.#sized(fields));
    if (header === null) {
      this.refused(
        'bad_data',
        fields.width === 0
          ? 'JPEG of more than 2040 pixels without its size'
          : 'JPEG without quantization tables',
      );
      return null;
    }
    const format = this.#formatOf(header);
    if (format === null) return null;
    this.#written = { fields, header, format };
    return this.#written;
  }

  /** Without a size it is the picture before's. */
  #sized(fields: JpegHeaderFields): JpegHeaderFields {
    const known = this.#written?.format;
    return fields.width > 0 || known === undefined
      ? fields
      : { ...fields, width: known.width, height: known.height };
  }

  #fileFormat(file: Uint8Array): { readonly header: Uint8Array; readonly format: VideoFormat } | null {
    const format = this.#formatOf(file);
    if (format === null) return null;
    const fields = {
      type: 0,
      width: 0,
      height: 0,
      restartInterval: 0,
      tables: NOTHING,
      precision: 0,
      extension: NOTHING,
    };
    this.#written = { fields, header: NOTHING, format };
    return this.#written;
  }

  /** The same object while the picture is of the same kind. */
  #formatOf(header: Uint8Array): VideoFormat | null {
    try {
      const format = jpegFormat(header);
      const known = this.#written?.format;
      return known !== undefined && sameFormat(known, format) ? known : format;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.refused('bad_data', error.message);
      return null;
    }
  }
}

const sameFields = (one: JpegHeaderFields, other: JpegHeaderFields): boolean =>
  one.type === other.type &&
  one.width === other.width &&
  one.height === other.height &&
  one.restartInterval === other.restartInterval &&
  one.precision === other.precision &&
  (one.tables === other.tables || Buffer.compare(one.tables, other.tables) === 0) &&
  (one.extension === other.extension || Buffer.compare(one.extension, other.extension) === 0);

const sameFormat = (one: VideoFormat, other: VideoFormat): boolean =>
  one.width === other.width &&
  one.height === other.height &&
  one.chroma === other.chroma &&
  one.bitDepth === other.bitDepth &&
  one.sampleAspect.width === other.sampleAspect.width &&
  one.sampleAspect.height === other.sampleAspect.height;

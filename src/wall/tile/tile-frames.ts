import { TILE_CREDITS, type TileVideo } from '../protocol.js';
import type { TileForm } from './tile-form.js';
import type { VideoUnit, WallFrame } from './tile-stream.js';
import { type InFlightFrame, type Offered, VideoPace } from './video-pace.js';

/** What is to be sent of a tile next. */
export interface OutgoingFrame {
  readonly kind: 'jpeg' | 'key' | 'delta';
  readonly bytes: Uint8Array | ArrayBuffer;
  readonly capturedAt: number;
  readonly sequence: number;
  /** To be told before it. */
  readonly tell: TileVideo | null;
}

/** The frames of one tile: those that wait, and those on the way. Of pictures the newest waits, of video what the pace lets. Pure. */
export class TileFrames {
  #mode: 'pictures' | 'video' = 'pictures';
  #newest: WallFrame | null = null;
  /** The newest JPEG that the browser has, or is about to get. */
  #sent: WallFrame | null = null;
  #sequence = 0;
  readonly #inFlight: InFlightFrame[] = [];
  readonly #pace: VideoPace<VideoUnit>;

  #sentForm: TileVideo['form'] | null = null;

  /** @param formChanged is told when what the tile is sent has changed; `null`: before its first frame, and after its end */
  constructor(
    private readonly form: Pick<TileForm, 'tellUnit' | 'tellPicture'>,
    private readonly formChanged: (
      before: TileVideo['form'] | null,
      now: TileVideo['form'] | null,
    ) => void = () => undefined,
  ) {
    this.#pace = new VideoPace(this.#inFlight, () => this.#nextSequence());
  }

  get inFlight(): readonly InFlightFrame[] {
    return this.#inFlight;
  }

  /** What the browser was sent last. */
  get sentForm(): TileVideo['form'] | null {
    return this.#sentForm;
  }

  get sent(): WallFrame | null {
    return this.#sent;
  }

  /** Whether there is a frame that may be sent, as far as the tile's own credits go. */
  get sendable(): boolean {
    if (this.#mode === 'video') return this.#pace.waiting > 0;
    return this.#newest !== null && this.#inFlight.filter(({ unit }) => !unit).length < TILE_CREDITS;
  }

  /** Units that wait for the socket. */
  get waitingUnits(): number {
    return this.#pace.waiting;
  }

  /** @returns whether it took the place of one that was not sent yet */
  offerPicture(frame: WallFrame): boolean {
    this.#mode = 'pictures';
    const isReplacing = this.#newest !== null;
    this.#newest = frame;
    this.#nextSequence();
    return isReplacing;
  }

  /** Video begins. @param backlog the units since the last key unit; empty: it begins with the next one */
  beginVideo(backlog: readonly VideoUnit[], now: number): void {
    this.#mode = 'video';
    this.#newest = null;
    this.#pace.begin(backlog, now);
  }

  offerUnit(unit: VideoUnit, now: number): Offered {
    return this.#pace.offer(unit, now);
  }

  /** Takes the next frame as sent. Call only when `sendable`. */
  take(now: number): OutgoingFrame | null {
    const frame = this.#mode === 'video' ? this.#takeUnit(now) : this.#takePicture(now);
    if (frame) this.#noteForm(frame.tell?.form ?? this.#sentForm ?? 'jpeg');
    return frame;
  }

  /** Frames that an acknowledgement of `sequence` settles: it and those sent before it. None if it is not on the way. */
  acknowledge(sequence: number): readonly InFlightFrame[] {
    const index = this.#inFlight.findIndex((sent) => sent.sequence === sequence);
    return index < 0 ? [] : this.#inFlight.splice(0, index + 1);
  }

  /** The browser has closed the decoder of units on the way: nothing will be said of them. */
  forgetUnits(): readonly InFlightFrame[] {
    const all = this.#inFlight.splice(0);
    this.#inFlight.push(...all.filter(({ unit }) => !unit));
    return all.filter(({ unit }) => unit);
  }

  /** Nothing that waits is to be sent any more. */
  clear(): void {
    this.#newest = null;
    this.#pace.clear();
  }

  /** The tile is gone. */
  end(): void {
    this.clear();
    this.#noteForm(null);
  }

  #noteForm(form: TileVideo['form'] | null): void {
    if (form !== this.#sentForm) this.formChanged(this.#sentForm, form);
    this.#sentForm = form;
  }

  #takePicture(now: number): OutgoingFrame | null {
    const frame = this.#newest;
    if (!frame) return null;
    this.#newest = null;
    this.#sent = frame;
    const { jpeg: bytes, capturedAt } = frame;
    const sequence = this.#sequence;
    this.#inFlight.push({ sequence, bytes: bytes.byteLength, sentAt: now, unit: null });
    return { kind: 'jpeg', bytes, capturedAt, sequence, tell: this.form.tellPicture() };
  }

  #takeUnit(now: number): OutgoingFrame | null {
    const taken = this.#pace.take(now);
    if (!taken) return null;
    const { sequence, isBacklog } = taken;
    const { kind, data: bytes, capturedAt, format } = taken.unit;
    this.#inFlight.push({
      sequence,
      bytes: bytes.byteLength,
      sentAt: now,
      unit: { capturedAt, isBacklog },
    });
    return { kind, bytes, capturedAt, sequence, tell: this.form.tellUnit(format) };
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }
}

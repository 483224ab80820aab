import { FrameRateLimit } from '../../../shared/frame-rate-limit.js';
import { drawnSize, type Size } from '../../page/video/drawn-size.js';
import { UnitRate } from '../../page/video/unit-rate.js';
import type { ChoosingTile, Codecs } from '../../page/video/video-choice.js';
import type { FrameHeader, TileRendition, VideoMessage } from '../../protocol.js';
import { afterPaint } from './after-paint.js';
import { Painter } from './painter.js';
import { type AnnouncedVideo, TileVideo } from './tile-video.js';
import type { VideoBitmaps } from './video-bitmap.js';
import type { CodecChoice, TileRequest, TileStats } from './worker-messages.js';

/** What a tile needs of the wall that it belongs to. */
export interface TileWall {
  readonly hardware: boolean;
  readonly bitmaps: VideoBitmaps;
  serverNow(): number;
  acknowledge(frame: Pick<FrameHeader, 'handle' | 'sequence'>): void;
  /** The page waits for this tile's picture, which is on the screen now. */
  drawn(tile: Tile): void;
  decoderFailed(tile: Tile, why: 'decoder' | 'unsupported'): void;
}

/** A frame that is this much older than the resume shows the past, ms. */
const PRESENT_MS = 1000;
/** With these the service will send no video of this camera, whatever is asked for. */
const NEVER_VIDEO: readonly (string | null)[] = ['camera_codec', 'no_key_frame'];

/** One tile in the worker: its canvas, its pictures, and what server and page know of it. */
export class Tile {
  /** Handle on the present connection; 0 without one. */
  handle = 0;
  paused = false;
  sentPaused = false;
  /** The tile's camera is given up for now: it has no handle, also on a new connection. */
  away = false;
  #codecs: Codecs = { codecs: [], why: null };
  readonly #painter: Painter;
  readonly #video: TileVideo;
  readonly #limit = new FrameRateLimit();
  /** Why the server sends JPEG although it may send video; null while it does not say. */
  #jpegWhy: string | null = null;
  /** Of its camera's video, pixels; null before it was announced. Kept while JPEG is sent, as is the rate: what it would cost. */
  #pixels: number | null = null;
  readonly #rate = new UnitRate();
  /** Pictures drawn until the last beat, and between it and the one before. */
  #drawnBefore = 0;
  #drawnOfBeat = 0;
  /** Frames drawn as the page knows it. */
  #reported = 0;
  /**
   * Whether the page waits for a frame of the present (the first of all, or since the tile resumed): it is told of each as soon as
   * it is on the screen, and of nothing before. `steady`: it is told every STATS_MS.
   */
  #reporting: 'awaited' | 'painting' | 'steady' = 'awaited';
  /** Since when it waits: Unix epoch, ms, by the server's clock. The first frame after a pause may be older. */
  #awaitedSince: number;

  constructor(
    readonly id: number,
    canvas: OffscreenCanvas,
    private asked: TileRequest,
    private readonly choice: CodecChoice,
    private readonly wall: TileWall,
  ) {
    this.#awaitedSince = wall.serverNow();
    this.#painter = new Painter(
      canvas,
      wall.bitmaps,
      () => wall.serverNow(),
      (header) => this.#settled(header),
    );
    this.#video = new TileVideo(wall.hardware, () => wall.serverNow(), {
      picture: ({ header, frame }, video) => {
        if (this.#limit.takes(this.asked.fps ?? null, header.capturedAt)) {
          const shown = shownSize(video, frame);
          const drawn = drawnSize(shown, this.asked);
          this.#painter.video(header, video.form, frame, { shown, drawn });
          return;
        }
        frame.close();
        wall.acknowledge(header);
      },
      settled: (header) => wall.acknowledge(header),
      failed: (why) => wall.decoderFailed(this, why),
    });
  }

  /** What the server was told last. */
  get codecs(): Codecs {
    return this.#codecs;
  }
  set codecs(codecs: Codecs) {
    this.#codecs = codecs;
    if (codecs.codecs.length > 0) this.#video.retry();
  }

  get request(): TileRequest {
    return this.asked;
  }

  /** It asks for something else of its camera. */
  change(rendition: TileRendition): void {
    const { camera, rtsp, main } = this.asked;
    this.asked = { camera, rtsp, ...rendition };
    if ((main ?? false) === (rendition.main ?? false)) return;
    // Another stream, of which nothing is known.
    this.#pixels = null;
    this.#rate.clear();
  }

  frame(header: FrameHeader, message: ArrayBuffer): void {
    if (header.kind === 'jpeg') {
      this.#painter.jpeg(header, message);
      return;
    }
    this.#rate.add(header.sequence, header.capturedAt);
    this.#video.unit(header, message);
  }

  /** What the server sends from now on. */
  announced(message: VideoMessage): void {
    this.#jpegWhy = message.form === 'jpeg' ? message.why : null;
    if (message.form !== 'jpeg') this.#pixels = message.width * message.height;
    this.#rate.pause();
    this.#video.announce(message.form === 'jpeg' ? null : message);
  }

  /** It has a place at the server, which knows of no pause. */
  subscribed(handle: number): void {
    this.handle = handle;
    this.sentPaused = false;
    this.#video.resume();
  }

  /** It has none any more: nothing that the server said holds. */
  disconnected(): void {
    this.handle = 0;
    this.#jpegWhy = null;
    this.#rate.pause();
    this.#video.forget();
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    this.#rate.pause();
    this.#reporting = 'awaited';
    this.#awaitedSince = this.wall.serverNow();
  }

  /** Only now: a tile that is back before the server knows still gets every unit. */
  pauseSent(): void {
    if (this.paused) this.#video.pause();
    else this.#video.resume();
  }

  remove(): void {
    this.#video.pause();
    this.#painter.close();
  }

  /** What is to be known to choose its form. */
  get choosing(): ChoosingTile {
    const { value: rate, reckoned } = this.#rate;
    const cost = this.#pixels === null || reckoned === null ? null : this.#pixels * reckoned;
    const { id, paused } = this;
    return {
      id,
      wanted: this.choice === 'auto',
      paused: paused || this.away,
      video: this.#video.video !== null,
      cost: NEVER_VIDEO.includes(this.#jpegWhy) ? 0 : cost,
      rate,
      fps: this.asked.fps ?? null,
      drawn: this.#drawnOfBeat,
      shown: this.#painter.drawn > 0,
      late: this.#jpegWhy === 'slow_tile',
    };
  }

  /** Once a second. @returns delays since the last time, ms */
  beat(): { readonly video: readonly number[]; readonly jpeg: readonly number[] } {
    this.#drawnOfBeat = this.#painter.drawn - this.#drawnBefore;
    this.#drawnBefore = this.#painter.drawn;
    return { video: this.#video.beat(), jpeg: this.#painter.takeDelays() };
  }

  /** What it drew, if the page is to hear of it now and has not yet. */
  takeStats(): TileStats | null {
    const { drawn, capturedAt, latency, width, height, form } = this.#painter;
    if (this.#reporting !== 'steady' || drawn === this.#reported) return null;
    this.#reported = drawn;
    const why = form === 'jpeg' ? (this.#codecs.why ?? this.#jpegWhy) : null;
    return { tile: this.id, drawn, capturedAt, latency, width, height, form, why };
  }

  #settled(header: FrameHeader): void {
    const sequence = header.kind === 'jpeg' ? header.sequence : this.#video.settledBy(header);
    this.wall.acknowledge({ handle: header.handle, sequence });
    if (this.#reporting !== 'awaited' || this.#painter.drawn === this.#reported) return;
    this.#reporting = 'painting';
    afterPaint(() => {
      if (this.#reporting !== 'painting') return;
      this.#reporting = 'steady';
      this.wall.drawn(this);
      if (this.#painter.capturedAt < this.#awaitedSince - PRESENT_MS) this.#reporting = 'awaited';
    });
  }
}

/** As the server says, which knows more of the camera than its units tell, or as the frame does. */
function shownSize({ displayWidth, displayHeight }: AnnouncedVideo, frame: VideoFrame): Size {
  return displayWidth !== undefined && displayHeight !== undefined
    ? { width: displayWidth, height: displayHeight }
    : { width: frame.displayWidth, height: frame.displayHeight };
}

import { FrameRateLimit } from '../../../shared/frame-rate-limit.js';
import { drawnSize, type Size } from '../../page/video/drawn-size.js';
import type { ChoosingTile, Codecs } from '../../page/video/video-choice.js';
import type { FrameHeader, VideoMessage } from '../../protocol.js';
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
  decoderFailed(tile: Tile, why: 'decoder' | 'unsupported' | 'capacity'): void;
}

/** A frame that is this much older than the resume shows the past, ms. */
const PRESENT_MS = 1000;
/** Pictures a second of a camera that has not been counted yet. */
const USUAL_FPS = 25;
/** What the newest second counts for in a camera's rate: at first, and when fewer come than before, which mostly is a line's doing. */
const QUICKLY = 0.3;
const SLOWLY = 0.03;
const FIRST_SECONDS = 8;

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
  #units = 0;
  #unitsPerSecond = USUAL_FPS;
  #countedSeconds = 0;
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
    public request: TileRequest,
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
        if (this.#limit.takes(this.request.fps ?? null, header.capturedAt)) {
          const shown = shownSize(video, frame);
          const drawn = drawnSize(shown, this.request);
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

  frame(header: FrameHeader, message: ArrayBuffer): void {
    if (header.kind === 'jpeg') {
      this.#painter.jpeg(header, message);
      return;
    }
    this.#units += 1;
    this.#video.unit(header, message);
  }

  /** What the server sends from now on. */
  announced(message: VideoMessage): void {
    this.#jpegWhy = message.form === 'jpeg' ? message.why : null;
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
    this.#video.forget();
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
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
    const { video } = this.#video;
    // A camera that sends no video costs nothing, whatever is asked for.
    const cost = video
      ? video.width * video.height * this.#unitsPerSecond
      : this.#jpegWhy === null
        ? null
        : 0;
    const { id, paused } = this;
    return {
      id,
      wanted: this.choice === 'auto',
      paused: paused || this.away,
      video: video !== null,
      cost,
      fps: this.request.fps ?? null,
      drawn: this.#drawnOfBeat,
      shown: this.#painter.drawn > 0,
    };
  }

  /** Once a second. @returns delays since the last time, ms */
  beat(): { readonly video: readonly number[]; readonly jpeg: readonly number[] } {
    this.#countRate();
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

  #countRate(): void {
    if (this.#units === 0) return;
    this.#countedSeconds += 1;
    const isSlow = this.#units < this.#unitsPerSecond && this.#countedSeconds > FIRST_SECONDS;
    this.#unitsPerSecond += (this.#units - this.#unitsPerSecond) * (isSlow ? SLOWLY : QUICKLY);
    this.#units = 0;
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

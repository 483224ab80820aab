import { CatchUp, IDLE_MS } from '../../page/video/catch-up.js';
import type { FrameHeader } from '../../protocol.js';

/** A decoded picture; `frame` is closed by who has it last. */
export interface VideoPicture {
  readonly header: FrameHeader;
  readonly frame: VideoFrame;
}

/** Lets a decoder's pictures through: all of them in the present, the newest alone while it catches up. */
export class PictureGate {
  readonly #catchUp = new CatchUp();
  #kept: VideoPicture | null = null;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** `passed` over: the picture was decoded and is not drawn. */
  constructor(
    private readonly show: (picture: VideoPicture) => void,
    private readonly passed: (header: FrameHeader) => void,
  ) {}

  get isCatchingUp(): boolean {
    return this.#catchUp.active;
  }

  /** The decoder begins at a key unit. */
  begin(): void {
    this.#catchUp.begin(performance.now());
  }

  /**
   * @param age of the picture's unit when it was received, ms
   * @param queued units that the decoder has yet to take
   */
  offer(picture: VideoPicture, age: number, queued: number): void {
    this.close();
    const { capturedAt } = picture.header;
    if (this.#catchUp.shows({ age, queued, capturedAt }, performance.now())) {
      this.show(picture);
      return;
    }
    this.#kept = picture;
    this.#idle = setTimeout(() => {
      this.#catchUp.idle();
      this.#kept = null;
      this.show(picture);
    }, IDLE_MS);
  }

  close(): void {
    clearTimeout(this.#idle);
    if (!this.#kept) return;
    this.#kept.frame.close();
    this.passed(this.#kept.header);
    this.#kept = null;
  }
}

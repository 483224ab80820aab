import type { HttpResponse } from 'uWebSockets.js';
import { FrameGate } from './frame-gate.js';
import { writeHead } from './http-answer.js';
import type { Channel, Frame, FrameSink } from './publisher.js';

const BOUNDARY = 'frame';

/**
 * A camera as `multipart/x-mixed-replace`: what `<img>`, VLC and FFmpeg play. One frame at a time is on its way: a slow reader
 * gets the newest when the last one is out of our hands, and nothing queues.
 */
export class MjpegStream implements FrameSink {
  readonly #gate = new FrameGate();
  #waiting: Frame | null = null;
  #blocked = false;
  #ended = false;
  #begun = false;

  /** @param onBegin called at the first frame: until then nothing is written, and an error can still be answered */
  constructor(
    private readonly res: HttpResponse,
    private readonly channel: Channel,
    private readonly fps: number | null,
    private readonly onBegin: () => void,
  ) {
    res.onWritable(() => {
      this.#blocked = false;
      const frame = this.#waiting;
      this.#waiting = null;
      if (frame) this.#write(frame);
      return true;
    });
    channel.sinks.add(this);
    if (channel.latest) this.frame(channel.latest);
  }

  frame(frame: Frame): void {
    if (this.#ended || !this.#gate.takes(this.fps, frame.capturedAt)) return;
    if (this.#blocked) this.#waiting = frame;
    else this.#write(frame);
  }

  /** Writes no more; with `close`, a stream that has begun is cut, since HTTP has no other way to end it with an error. */
  end(close: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.channel.sinks.delete(this);
    if (close && this.#begun) this.res.close();
  }

  #write(frame: Frame): void {
    const { res } = this;
    res.cork(() => {
      if (!this.#begun) this.#begin();
      const time = (frame.capturedAt / 1000).toFixed(3);
      const head = `--${BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: ${frame.jpeg.byteLength}\r\nX-Timestamp: ${time}\r\n\r\n`;
      res.write(head);
      res.write(frame.jpeg);
      this.#blocked = !res.write('\r\n');
    });
  }

  #begin(): void {
    this.#begun = true;
    writeHead(this.res, 200, `multipart/x-mixed-replace; boundary=${BOUNDARY}`);
    this.res.writeHeader('Cache-Control', 'no-store').writeHeader('Connection', 'close');
    this.onBegin();
  }
}

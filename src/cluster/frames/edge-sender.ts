import { randomInt } from 'node:crypto';
import {
  type Acknowledgement,
  type FrameForm,
  type FrameKind,
  MAX_HEADER_BYTES,
  writeFrame,
} from './frame-codec.js';
import { LagWindow } from './lag-window.js';

/** A frame on its way to an edge. The buffer is never written to again. */
export interface OutgoingFrame {
  readonly stream: string;
  readonly rendition: FrameForm;
  readonly kind: FrameKind;
  /** Of the lease under which it was decoded. */
  readonly epoch: number;
  /** Unix epoch, ms, by this node's clock. */
  readonly capturedAt: number;
  readonly bytes: ArrayBuffer;
}

export interface EdgeSenderDeps {
  /** Hands a message to the bus; `false` when there is no connection: what is not sent now is never sent. */
  readonly send: (message: Uint8Array) => boolean;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** Unix epoch, ms. */
  readonly epochNow: () => number;
  /** Largest message that the server takes, bytes. */
  readonly maxPayload: () => number;
  readonly sent: (bytes: number) => void;
  /** A frame that a newer one replaced before it could go. */
  readonly skipped: () => void;
}

/** Sequences begin anew, in a new session, before they leave their field of 32 bits: after a month. */
const LAST_SEQUENCE = 0xffff_0000;
const MAX_SESSION = 0xffff_ffff;

/** An owner's way to one edge: all streams share its lag bound, and at most one frame a rendition waits (the newest). */
export class EdgeSender {
  #session = randomInt(1, MAX_SESSION);
  #window: LagWindow;
  /** Streams of whose video nothing was left out since the last key unit. */
  readonly #flowing = new Set<string>();
  /** By stream and rendition, the longest waiting first. */
  readonly #waiting = new Map<string, OutgoingFrame>();

  constructor(
    private readonly maxLagMs: number,
    private readonly deps: EdgeSenderDeps,
  ) {
    this.#window = new LagWindow(maxLagMs);
  }

  /** ms; how far the edge is behind. */
  get lagMs(): number {
    return this.#window.lagMs(this.deps.now());
  }

  offer(frame: OutgoingFrame): void {
    const id = `${frame.stream} ${frame.rendition}`;
    if (this.#waiting.delete(id)) this.deps.skipped();
    if (this.#window.isOpen(this.deps.now())) this.#send(frame);
    else this.#waiting.set(id, frame);
  }

  /** A unit of video: what the lag bound stops goes on with the next key unit, since units depend on the ones before them. */
  offerUnit(frame: OutgoingFrame): void {
    const { stream, kind } = frame;
    const mayGo = kind === 'key-unit' || this.#flowing.has(stream);
    if (mayGo && this.#window.isOpen(this.deps.now())) {
      this.#flowing.add(stream);
      this.#send(frame);
      return;
    }
    this.#flowing.delete(stream);
    this.deps.skipped();
  }

  acknowledged({ session, sequence, heldMs }: Acknowledgement): void {
    if (session !== this.#session) return;
    this.#window.acknowledge(sequence, heldMs, this.deps.now());
    for (const [id, frame] of this.#waiting) {
      if (!this.#window.isOpen(this.deps.now())) return;
      this.#waiting.delete(id);
      this.#send(frame);
    }
  }

  /** Nobody at that edge watches the stream any more. */
  forget(stream: string): void {
    this.#flowing.delete(stream);
    for (const [id, frame] of this.#waiting) if (frame.stream === stream) this.#waiting.delete(id);
  }

  /** What was on the way is lost with the connection; so are the times of its messages. */
  reset(): void {
    this.#session = randomInt(1, MAX_SESSION);
    this.#window = new LagWindow(this.maxLagMs);
    this.#waiting.clear();
    this.#flowing.clear();
  }

  #send(frame: OutgoingFrame): void {
    const { deps } = this;
    const room = deps.maxPayload() - MAX_HEADER_BYTES;
    const bytes = new Uint8Array(frame.bytes);
    const parts = Math.max(1, Math.ceil(bytes.byteLength / room));
    for (let part = 0; part < parts; part++) {
      const sequence = this.#window.send(deps.now());
      const message = writeFrame(
        {
          kind: frame.kind,
          epoch: frame.epoch,
          session: this.#session,
          sequence,
          ageMs: deps.epochNow() - frame.capturedAt,
          roundTripMs: this.#window.roundTripMs,
          part,
          parts,
          stream: frame.stream,
          rendition: frame.rendition,
        },
        bytes.subarray(part * room, (part + 1) * room),
      );
      if (!deps.send(message)) {
        this.#flowing.delete(frame.stream);
        return;
      }
      deps.sent(message.byteLength);
      if (sequence > LAST_SEQUENCE) this.reset();
    }
  }
}

import type { Clock } from '../../shared/clock.js';
import { type FrameForm, type FrameKind, type ParsedFrame, readFrame, writeAck } from './frame-codec.js';

/** A whole frame of another node. */
export interface RemoteFrame {
  readonly owner: string;
  readonly stream: string;
  readonly rendition: FrameForm;
  readonly kind: FrameKind;
  readonly epoch: number;
  /** Unix epoch, ms, by this node's own clock. */
  readonly capturedAt: number;
  readonly bytes: ArrayBuffer;
}

export interface FrameIntakeDeps {
  readonly clock: Clock;
  /** Unix epoch, ms. */
  readonly epochNow: () => number;
  readonly acknowledge: (owner: string, ack: Uint8Array) => void;
  readonly frame: (frame: RemoteFrame) => void;
}

/** All streams of an owner are acknowledged together, at most this often, ms. */
const ACK_EVERY_MS = 20;

/** Parts of a frame that is larger than a message. */
interface Unfinished {
  readonly first: ParsedFrame;
  readonly parts: readonly Uint8Array[];
}

/** What came from one owner. */
interface Source {
  session: number;
  /** The last message that was taken, and when. */
  sequence: number;
  takenAt: number;
  cancelAck: (() => void) | null;
  /** A frame's parts come in a row: nothing of the same sender lies between them. */
  unfinished: Unfinished | null;
  /** Messages that were lost on the way, in a row each. */
  losses: number;
  /** `losses` at the newest key unit of each stream: units after a loss depend on what is missing. */
  readonly keyUnits: Map<string, number>;
}

/**
 * An edge's end of the frames: takes messages, puts parts together, and tells each owner what has been taken. Clocks of nodes
 * differ, so a frame says how old it was when it was sent; age and half the round trip are subtracted from this node's own clock.
 */
export class FrameIntake {
  readonly #sources = new Map<string, Source>();

  constructor(private readonly deps: FrameIntakeDeps) {}

  /** @param owner from the message's subject */
  message(owner: string, message: Uint8Array): void {
    const now = this.deps.clock.now();
    const parsed = readFrame(message);
    if (!parsed) return;
    const source = this.#source(owner, parsed.session);
    if (parsed.sequence !== source.sequence + 1) source.losses++;
    source.sequence = parsed.sequence;
    source.takenAt = now;
    source.cancelAck ??= this.deps.clock.after(ACK_EVERY_MS, () => {
      source.cancelAck = null;
      this.#acknowledge(owner, source);
    });
    const whole = assemble(source, parsed);
    if (!whole || !isUsable(source, whole.first)) return;
    const { kind, epoch, stream, rendition, ageMs, roundTripMs } = whole.first;
    const { bytes } = whole;
    const capturedAt = this.deps.epochNow() - ageMs - roundTripMs / 2;
    this.deps.frame({ owner, stream, rendition, kind, epoch, capturedAt, bytes });
  }

  /** Nothing of this owner is awaited any more. */
  forget(owner: string): void {
    this.#sources.get(owner)?.cancelAck?.();
    this.#sources.delete(owner);
  }

  close(): void {
    for (const owner of [...this.#sources.keys()]) this.forget(owner);
  }

  #source(owner: string, session: number): Source {
    const known = this.#sources.get(owner);
    if (known?.session === session) return known;
    known?.cancelAck?.();
    const source: Source = {
      session,
      sequence: 0,
      takenAt: 0,
      cancelAck: null,
      unfinished: null,
      losses: 0,
      keyUnits: new Map(),
    };
    this.#sources.set(owner, source);
    return source;
  }

  #acknowledge(owner: string, { session, sequence, takenAt }: Source): void {
    const heldMs = this.deps.clock.now() - takenAt;
    this.deps.acknowledge(owner, writeAck({ session, sequence, heldMs }));
  }
}

/** Not a unit that depends on one that was lost. */
function isUsable({ keyUnits, losses }: Source, { kind, stream }: ParsedFrame): boolean {
  if (kind === 'key-unit') keyUnits.set(stream, losses);
  return kind !== 'delta-unit' || keyUnits.get(stream) === losses;
}

/** The frame that is whole with this message, in memory of its own; else `null`. */
function assemble(
  source: Source,
  message: ParsedFrame,
): { readonly first: ParsedFrame; readonly bytes: ArrayBuffer } | null {
  const before = message.part === 0 ? { first: message, parts: [] } : source.unfinished;
  source.unfinished = null;
  const isNext =
    before?.first.parts === message.parts &&
    before.parts.length === message.part &&
    before.first.sequence + message.part === message.sequence;
  if (!isNext) return null;
  const { first } = before;
  const parts = [...before.parts, message.payload];
  if (parts.length === message.parts) return { first, bytes: join(parts) };
  // The client reuses the memory that it reads into.
  source.unfinished = { first, parts: [...before.parts, Uint8Array.from(message.payload)] };
  return null;
}

function join(parts: readonly Uint8Array[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole.buffer;
}

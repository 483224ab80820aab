import type { Seat, SeatListener, VideoSeat } from '../../camera/camera.js';
import type { Frame, FrameSink } from '../../camera/publisher.js';
import type { VideoSink } from '../../camera/video-channel.js';
import { CameraError, ServiceError } from '../../shared/errors.js';
import { FrameRateLimit } from '../../shared/frame-rate-limit.js';
import { parseRenditionKey, type Rendition, type RenditionKey } from '../../shared/rendition.js';
import { DemandTable, type EdgeSeat, type SeatChange } from './demand-table.js';
import { EdgeSender, type EdgeSenderDeps } from '../frames/edge-sender.js';
import { readAck } from '../frames/frame-codec.js';
import { writeUnit } from '../frames/unit-payload.js';
import type { WantedStream } from '../bus/messages.js';

/** A newer frame of a live camera is nearer than one of this age, ms. */
const FRESH_MS = 1000;

/** This node's cameras, as far as other nodes may use them. */
export interface CameraHost {
  /**
   * Takes a seat at a stream for another node, and opens the camera if nobody has.
   * @param want `null`: the camera is only kept open
   * @throws ServiceError as for a viewer
   */
  seat(
    stream: string,
    want: { readonly rendition: Rendition; readonly fps: number | null } | null,
    listener: SeatListener,
  ): Seat;
  /** As `seat`, for the video as the camera sends it. */
  seatVideo(stream: string, listener: SeatListener): VideoSeat;
}

export interface OwnerSideDeps extends Omit<EdgeSenderDeps, 'send' | 'skipped' | 'sent'> {
  readonly host: CameraHost;
  readonly maxLagMs: number;
  /** Time in which this node could hear the edges, ms (`AwakeClock`). */
  readonly awakeNow: () => number;
  readonly sendFrames: (edge: string, message: Uint8Array) => boolean;
  /** Epoch of the stream's frames when this node sends them; `null` when it does not own it. */
  readonly epochOf: (stream: string) => number | null;
  /** Somebody at an edge wants the picture now. */
  readonly requestRetry: (stream: string) => void;
  /** Counted: frames and bytes sent, frames that a newer one replaced, lag of an edge when it acknowledges. */
  readonly sent: (bytes: number) => void;
  readonly skipped: () => void;
  readonly lag: (ms: number) => void;
}

/** What else an edge said with its demand. */
interface EdgeStream {
  readonly viewers: number;
  readonly retryRequests: number;
  readonly knows: boolean;
}

/** An owner's end: seats at its own cameras for what edges want, and the frames that they are sent. */
export class OwnerSide {
  readonly #table = new DemandTable();
  /** By stream, then by edge, rendition and rate. */
  readonly #seats = new Map<string, Map<string, () => void>>();
  readonly #senders = new Map<string, EdgeSender>();
  /** By stream, then by edge. */
  readonly #edges = new Map<string, Map<string, EdgeStream>>();

  constructor(private readonly deps: OwnerSideDeps) {}

  /**
   * An edge's demand.
   * @param all the message names every stream that it wants of this node
   */
  demand(edge: string, wanted: readonly WantedStream[], all: boolean): void {
    const mine = wanted.filter(({ stream }) => this.#isServed(edge, stream));
    for (const stream of mine) this.#note(edge, stream);
    this.#apply(this.#table.renew(edge, mine, all, this.deps.awakeNow()));
  }

  /** Holds seats for an edge that had this node open the camera. @throws ServiceError when the camera cannot be had here */
  hold(edge: string, wanted: WantedStream): void {
    const refusals: ServiceError[] = [];
    this.#note(edge, wanted);
    this.#apply(this.#table.renew(edge, [wanted], false, this.deps.awakeNow()), (error) =>
      refusals.push(error),
    );
    if (refusals[0]) throw refusals[0];
  }

  acknowledged(edge: string, message: Uint8Array): void {
    const ack = readAck(message);
    const sender = this.#senders.get(edge);
    if (!ack || !sender) return;
    this.deps.lag(sender.lagMs);
    sender.acknowledged(ack);
  }

  /** To be called about twice a second. */
  expire(): void {
    this.#apply(this.#table.expire(this.deps.awakeNow()));
  }

  /** The connection was lost, and what was on the way with it. */
  reset(): void {
    for (const sender of this.#senders.values()) sender.reset();
  }

  /** Viewers of the stream at all edges. */
  viewersOf(stream: string): number {
    return [...(this.#edges.get(stream)?.values() ?? [])].reduce((sum, { viewers }) => sum + viewers, 0);
  }

  /** Seats that are held for edges. */
  seatsOf(stream: string): number {
    return this.#seats.get(stream)?.size ?? 0;
  }

  /** Edges with viewers of the stream that know its camera's address. */
  knowingEdges(stream: string): string[] {
    return [...(this.#edges.get(stream) ?? [])].filter(([, { knows }]) => knows).map(([edge]) => edge);
  }

  close(): void {
    for (const seats of this.#seats.values()) for (const leave of seats.values()) leave();
    this.#seats.clear();
    this.#senders.clear();
  }

  /** Demand for a camera that this node does not own opens nothing: the edge has not heard yet who owns it. */
  #isServed(edge: string, stream: string): boolean {
    return this.deps.epochOf(stream) !== null || this.#table.edgesOf(stream).includes(edge);
  }

  #note(edge: string, { stream, viewers, retryRequests, knows }: WantedStream): void {
    const edges = this.#edges.get(stream) ?? new Map<string, EdgeStream>();
    this.#edges.set(stream, edges);
    const before = edges.get(edge);
    edges.set(edge, { viewers, retryRequests, knows });
    if (before && before.retryRequests !== retryRequests) this.deps.requestRetry(stream);
  }

  #apply(changes: readonly SeatChange[], refused: (error: ServiceError) => void = () => undefined): void {
    for (const { type, seat } of changes) {
      const id = seatId(seat);
      const seats = this.#seats.get(seat.stream) ?? new Map<string, () => void>();
      this.#seats.set(seat.stream, seats);
      if (type === 'leave') {
        seats.get(id)?.();
        seats.delete(id);
        continue;
      }
      try {
        seats.set(id, this.#join(seat));
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        this.#apply(this.#table.release(seat.edge, seat.stream));
        refused(error);
      }
    }
    this.#tidy(changes);
  }

  #tidy(changes: readonly SeatChange[]): void {
    for (const { edge, stream } of changes.map(({ seat }) => seat)) {
      if (!this.#table.edgesOf(stream).includes(edge)) {
        this.#edges.get(stream)?.delete(edge);
        this.#senders.get(edge)?.forget(stream);
      }
      if (this.#edges.get(stream)?.size === 0) this.#edges.delete(stream);
      if (this.#seats.get(stream)?.size === 0) this.#seats.delete(stream);
      if (!this.#table.has(edge)) this.#senders.delete(edge);
    }
  }

  #join(edgeSeat: EdgeSeat): () => void {
    const { edge, stream, rendition, fps } = edgeSeat;
    const listener: SeatListener = {
      state: () => undefined,
      lost: (error) => {
        // A first opening that failed is told to edges by the state; the seat stays, as an edge's own camera does.
        if (error instanceof CameraError) return;
        this.#apply(this.#table.release(edge, stream));
      },
    };
    if (rendition === 'video') return this.#joinVideo(edge, stream, listener);
    const wanted = rendition && parseRenditionKey(rendition);
    const seat = this.deps.host.seat(stream, wanted && { rendition: wanted, fps }, listener);
    if (rendition === null) {
      return () => {
        seat.leave();
      };
    }
    const sink = this.#sink(edge, stream, rendition, fps);
    const { latest } = seat.channel;
    if (latest && this.deps.epochNow() - latest.capturedAt <= FRESH_MS) sink.frame(latest);
    seat.channel.sinks.add(sink);
    return () => {
      seat.channel.sinks.delete(sink);
      seat.leave();
    };
  }

  #joinVideo(edge: string, stream: string, listener: SeatListener): () => void {
    const seat = this.deps.host.seatVideo(stream, listener);
    const { video } = seat;
    const sink = this.#unitSink(edge, stream);
    for (const unit of video.backlog()) sink.unit(unit);
    video.sinks.add(sink);
    return () => {
      video.sinks.delete(sink);
      seat.leave();
    };
  }

  #unitSink(edge: string, stream: string): VideoSink {
    return {
      unit: (unit) => {
        const epoch = this.deps.epochOf(stream);
        if (epoch === null) return;
        const { kind, capturedAt, format } = unit;
        const bytes = writeUnit(unit).buffer as ArrayBuffer;
        const frame = { stream, rendition: format.codec, epoch, capturedAt, bytes };
        this.#sender(edge).offerUnit({ ...frame, kind: kind === 'key' ? 'key-unit' : 'delta-unit' });
      },
      // Edges hear of the codec with the state.
      unavailable: () => undefined,
    };
  }

  #sink(edge: string, stream: string, rendition: RenditionKey, fps: number | null): FrameSink {
    const limit = new FrameRateLimit();
    return {
      frame: ({ jpeg, capturedAt }: Frame) => {
        const epoch = this.deps.epochOf(stream);
        if (epoch === null || !limit.takes(fps, capturedAt)) return;
        this.#sender(edge).offer({ stream, rendition, kind: 'jpeg', epoch, capturedAt, bytes: jpeg });
      },
    };
  }

  #sender(edge: string): EdgeSender {
    let sender = this.#senders.get(edge);
    if (!sender) {
      const { deps } = this;
      const send = (message: Uint8Array): boolean => deps.sendFrames(edge, message);
      this.#senders.set(edge, (sender = new EdgeSender(deps.maxLagMs, { ...deps, send })));
    }
    return sender;
  }
}

const seatId = ({ edge, rendition, fps }: EdgeSeat): string => `${edge} ${rendition ?? '-'} ${fps ?? '-'}`;

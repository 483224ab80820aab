import type { Clock } from '../shared/clock.js';
import type { Bus } from './bus/bus.js';
import type { ClusterMetrics } from './cluster-metrics.js';
import type { Directory } from './nodes/directory.js';
import { FrameIntake } from './frames/frame-intake.js';
import type { LeaseOwner } from './ownership/lease.js';
import { readDemand, readState } from './bus/messages.js';
import type { OwnerSide } from './demand/owner-side.js';
import type { Requests } from './ownership/requests.js';
import type { Streams } from './streams/streams.js';
import { senderOf, type Subjects } from './bus/subjects.js';

/** How often demand that was not renewed is looked for, ms. */
const EXPIRE_MS = 500;

export interface ExchangeDeps {
  readonly self: LeaseOwner;
  readonly clock: Clock;
  /** Unix epoch, ms. */
  readonly epochNow: () => number;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly directory: Directory;
  readonly owners: OwnerSide;
  readonly streams: Streams;
  readonly requests: Requests;
  readonly metrics: ClusterMetrics;
}

/** Hands every message of other nodes to whom it is for. */
export class Exchange {
  readonly #intake: FrameIntake;
  #cancel: () => void;

  constructor(private readonly deps: ExchangeDeps) {
    const { clock, epochNow, bus, subjects, self, streams, metrics } = deps;
    this.#intake = new FrameIntake({
      clock,
      epochNow,
      acknowledge: (owner, ack) => {
        bus.publish(subjects.acks(owner, self.node), ack);
      },
      frame: (frame) => {
        metrics.framesReceived.inc();
        metrics.bytesReceived.inc(frame.bytes.byteLength);
        metrics.age.observe(Math.max(0, epochNow() - frame.capturedAt) / 1000);
        streams.frame(frame);
      },
    });
    this.#cancel = this.#later();
  }

  /** Subscribes; once, before the connection is there. */
  listen(): void {
    const { bus, subjects, self, owners, requests } = this.deps;
    const { node } = self;
    bus.subscribe(subjects.frames(node, '*'), (message, subject) => {
      this.#intake.message(senderOf(subject), message);
    });
    bus.subscribe(subjects.acks(node, '*'), (message, subject) => {
      owners.acknowledged(senderOf(subject), message);
    });
    bus.subscribe(subjects.demand(node, '*'), (message, subject) => {
      const demand = readDemand(message);
      if (demand) owners.demand(senderOf(subject), demand.streams, demand.all);
    });
    bus.subscribe(subjects.state('*'), (message, subject) => {
      this.#state(senderOf(subject), message);
    });
    bus.answer(subjects.request('open', node), (message) => requests.open(message));
    bus.answer(subjects.request('take', node), (message) => requests.take(message));
    bus.answer(subjects.request('pass', node), (message) => requests.pass(message));
  }

  close(): void {
    this.#cancel();
    this.#intake.close();
  }

  #state(node: string, bytes: Uint8Array): void {
    const { self, directory, streams, clock } = this.deps;
    const message = node === self.node ? null : readState(bytes);
    if (message) streams.told(node, message, directory.noteState(node, message, clock.now()));
  }

  #later(): () => void {
    return this.deps.clock.after(EXPIRE_MS, () => {
      this.#cancel = this.#later();
      const { owners, directory, clock, metrics, bus, streams } = this.deps;
      owners.expire();
      for (const node of directory.expire(clock.now())) this.#intake.forget(node);
      metrics.connected.set(bus.connected ? 1 : 0);
      metrics.nodes.set(directory.nodes(clock.now()).length);
      metrics.owned.set(streams.owned().length);
      metrics.followed.set(streams.followedCount);
    });
  }
}

import type { Clock } from '../shared/clock.js';
import type { Bus } from './bus/bus.js';
import type { ClusterMetrics } from './cluster-metrics.js';
import type { Directory } from './nodes/directory.js';
import { FrameIntake } from './frames/frame-intake.js';
import type { LeaseOwner } from './ownership/lease.js';
import type { Presence } from './nodes/presence.js';
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
  readonly presence: Presence;
  readonly owners: OwnerSide;
  readonly streams: Streams;
  readonly requests: Requests;
  readonly metrics: ClusterMetrics;
}

/** Hands every message of other nodes to whom it is for. */
export class Exchange {
  readonly #intake: FrameIntake;
  #isHere = false;
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
    const { bus, subjects, self, owners, requests, presence } = this.deps;
    const { node } = self;
    bus.subscribe(subjects.frames(node, '*'), (message, subject) => {
      presence.heard(senderOf(subject));
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

  /** From now on this node has its name: who asks for it is answered. */
  joined(): void {
    if (this.#isHere) return;
    this.#isHere = true;
    const { bus, subjects, self } = this.deps;
    bus.answer(subjects.request('here', self.node), () => Promise.resolve(new Uint8Array()));
  }

  close(): void {
    this.#cancel();
    this.#intake.close();
  }

  #state(node: string, bytes: Uint8Array): void {
    const { self, directory, streams, presence } = this.deps;
    if (node === self.node) return;
    presence.heard(node);
    const message = readState(bytes);
    if (message) streams.told(node, message, directory.noteState(node, message));
  }

  #later(): () => void {
    return this.deps.clock.after(EXPIRE_MS, () => {
      this.#cancel = this.#later();
      const { owners, directory, presence, metrics, bus, streams } = this.deps;
      owners.expire();
      for (const node of directory.expire()) {
        this.#intake.forget(node);
        presence.forget(node);
      }
      metrics.connected.set(bus.connected ? 1 : 0);
      metrics.nodes.set(directory.nodes().length);
      metrics.owned.set(streams.owned().length);
      metrics.followed.set(streams.followedCount);
    });
  }
}

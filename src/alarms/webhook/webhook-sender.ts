import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../telemetry/log.js';
import type { Alarm, AlarmNews, AlarmSink } from '../news/alarm.js';
import type { AlarmMetrics } from '../alarm-metrics.js';
import { pauseAfter } from '../backoff.js';
import { signatureHeaders, webhookBody } from './webhook-body.js';
import type { PostOutcome } from './webhook-post.js';
import { WebhookQueue } from './webhook-queue.js';

/** A receiver that was restarted gets its news within seconds; one that is gone for good is asked twelve times an hour. */
const RETRY = { minMs: 1000, maxMs: 300_000 };

/** What is told of a receiver: its number in WEBHOOK_URLS and its host, never its path. */
export interface WebhookReceiver {
  readonly name: string;
  readonly host: string;
  readonly secret: string;
}

export interface WebhookDeps {
  readonly clock: Clock;
  /** Unix epoch, ms. */
  readonly epochNow: () => number;
  readonly random: () => number;
  readonly metrics: AlarmMetrics;
  readonly log: Log;
  /** This node's name in a cluster. */
  readonly node: string | null;
  readonly post: (
    body: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => Promise<PostOutcome>;
}

type Phase =
  | { readonly phase: 'idle' }
  | { readonly phase: 'sending'; readonly abort: AbortController }
  | { readonly phase: 'waiting'; readonly cancel: () => void }
  | { readonly phase: 'closed' };

/** One request, kept for its next try: who gets it twice knows it by its id. */
interface Message {
  readonly id: string;
  readonly alarms: readonly Alarm[];
  readonly body: string;
}

/** Posts to one receiver, one request at a time, and repeats it until it is taken; meanwhile newer states replace older ones. */
export class WebhookSender implements AlarmSink {
  readonly #queue = new WebhookQueue();
  #phase: Phase = { phase: 'idle' };
  #message: Message | null = null;
  #failures = 0;

  constructor(
    private readonly receiver: WebhookReceiver,
    private readonly deps: WebhookDeps,
  ) {
    deps.metrics.sent.inc({ receiver: receiver.name }, 0);
    this.#measure();
  }

  told({ changed, removed }: AlarmNews): void {
    for (const alarm of changed) {
      // That nobody watches a camera is no news.
      if (alarm.state === 'idle') continue;
      if (!alarm.own) this.#queue.toldByOther(alarm);
      else if (this.#queue.add(alarm)) this.deps.metrics.dropped.inc({ receiver: this.receiver.name });
    }
    for (const camera of removed) this.#queue.forget(camera);
    this.#measure();
    if (this.#phase.phase === 'idle') this.#send();
  }

  close(): Promise<void> {
    if (this.#phase.phase === 'sending') this.#phase.abort.abort();
    if (this.#phase.phase === 'waiting') this.#phase.cancel();
    this.#phase = { phase: 'closed' };
    return Promise.resolve();
  }

  #send(): void {
    const message = this.#nextMessage();
    if (!message) {
      this.#phase = { phase: 'idle' };
      return;
    }
    const abort = new AbortController();
    this.#phase = { phase: 'sending', abort };
    const seconds = Math.floor(this.deps.epochNow() / 1000);
    const headers = signatureHeaders(this.receiver.secret, message.id, seconds, message.body);
    void this.deps.post(message.body, headers, abort.signal).then((outcome) => {
      if (this.#phase.phase !== 'sending') return;
      if (outcome.kind === 'sent') this.#sent(message);
      else this.#failed(outcome);
    });
  }

  #nextMessage(): Message | null {
    const told = this.#queue.next();
    if (told.length === 0) return null;
    const alarms = told.map(({ alarm }) => alarm);
    const last = this.#message;
    const isSame =
      last?.alarms.length === alarms.length && last.alarms.every((alarm, i) => alarm === alarms[i]);
    if (last && isSame) return last;
    const body = webhookBody(told, this.deps.epochNow(), this.deps.node);
    this.#message = { id: randomUUID(), alarms, body };
    return this.#message;
  }

  #sent({ alarms }: Message): void {
    const { name, host } = this.receiver;
    this.deps.metrics.sent.inc({ receiver: name });
    this.#queue.delivered(alarms);
    this.#message = null;
    this.#measure();
    if (this.#failures > 0)
      this.deps.log.info(
        { event: 'webhook_back', receiver: name, host },
        `${name} (${host}) takes alarms again`,
      );
    this.#failures = 0;
    this.#send();
  }

  #failed({ reason, detail }: Extract<PostOutcome, { kind: 'failed' }>): void {
    const { name, host } = this.receiver;
    this.deps.metrics.failed.inc({ receiver: name, reason });
    this.#failures++;
    // Once for each time that it is gone: the metric counts the tries.
    if (this.#failures === 1)
      this.deps.log.warn(
        { event: 'webhook_failed', receiver: name, host, reason, detail },
        `${name} (${host}) takes no alarms: ${detail}; it is tried again`,
      );
    const pause = pauseAfter(this.#failures, RETRY, this.deps.random());
    const cancel = this.deps.clock.after(pause, () => {
      this.#send();
    });
    this.#phase = { phase: 'waiting', cancel };
  }

  #measure(): void {
    this.deps.metrics.queue.set({ receiver: this.receiver.name }, this.#queue.size);
  }
}

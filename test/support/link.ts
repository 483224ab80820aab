import { ViewerPace } from '../../src/viewer/viewer-pace.js';

export interface Link {
  /** Bytes a second; may change with time (ms). */
  readonly rate: (t: number) => number;
  /** Round trip of an empty link, ms. */
  readonly rtt: (t: number) => number;
}

export interface Stream {
  readonly fps: number;
  readonly frameBytes: number;
  readonly seconds: number;
}

export interface Outcome {
  /** Ages of the frames that arrived, ms, in order. */
  readonly ages: number[];
  readonly arrivals: { readonly at: number; readonly sequence: number }[];
  readonly promotions: number;
  readonly expired: boolean;
  readonly mostUnanswered: number;
  /** Share of the time in streaming mode. */
  readonly streaming: number;
}

/** Bytes that the kernel takes before a count of unsent bytes shows any. */
const KERNEL_BYTES = 4_000_000;
const PING_BYTES = 10;

type Item = { left: number } & (
  { kind: 'frame'; born: number; sequence: number } | { kind: 'ping'; number: number }
);

/**
 * One viewer behind a rate-limited link with the kernel's deep buffer, in steps of a millisecond: what `Subscriber` does with
 * `ViewerPace`, without sockets.
 */
export function simulate(link: Link, { fps, frameBytes, seconds }: Stream): Outcome {
  const pace = new ViewerPace({ maxLagMs: 300, slowTimeoutMs: 15_000 }, 0);
  const queue: Item[] = [];
  let queued = 0;
  const arriving: (Item & { at: number })[] = [];
  const pongs: { at: number; number: number }[] = [];
  const unanswered = new Set<number>();
  const outcome = { promotions: 0, expired: false, mostUnanswered: 0, streamed: 0 };
  const ages: number[] = [];
  const arrivals: { at: number; sequence: number }[] = [];
  let latest = { born: 0, sequence: 0 };
  let sent = 0;
  let mode = pace.mode;

  const put = (item: Item): void => {
    queue.push(item);
    queued += item.left;
  };
  const ping = (now: number, behindFrame: boolean): void => {
    const number = pace.pinged(now, behindFrame);
    unanswered.add(number);
    put({ kind: 'ping', number, left: PING_BYTES });
  };
  const send = (frame: typeof latest): void => {
    sent = frame.sequence;
    put({ kind: 'frame', ...frame, left: frameBytes });
  };
  const sendPaced = (now: number): void => {
    send(latest);
    ping(now, true);
  };

  ping(0, false);
  let nextFrame = 0;
  for (let now = 0; now < seconds * 1000 && !outcome.expired; now++) {
    let budget = link.rate(now) / 1000;
    for (let [head] = queue; head && budget > 0; [head] = queue) {
      const part = Math.min(budget, head.left);
      head.left -= part;
      budget -= part;
      queued -= part;
      if (head.left > 1e-9) break;
      arriving.push({ ...head, at: now + link.rtt(now) / 2 });
      queue.shift();
    }
    for (let [item] = arriving; item && item.at <= now; [item] = arriving) {
      arriving.shift();
      if (item.kind === 'frame') {
        ages.push(now - item.born);
        arrivals.push({ at: now, sequence: item.sequence });
      } else pongs.push({ at: now + link.rtt(now) / 2, number: item.number });
    }
    for (let [pong] = pongs; pong && pong.at <= now; [pong] = pongs) {
      pongs.shift();
      pace.ponged(pong.number, now);
      for (const number of unanswered) if (number <= pong.number) unanswered.delete(number);
      if (pace.mode === 'streaming' && mode === 'paced') {
        outcome.promotions++;
        if (latest.sequence > sent) send(latest);
      }
      mode = pace.mode;
      if (pace.probeDue(now)) ping(now, false);
      else if (pace.ready && latest.sequence > sent) sendPaced(now);
    }
    if (now >= nextFrame) {
      nextFrame += 1000 / fps;
      latest = { born: now, sequence: latest.sequence + 1 };
      if (pace.mode === 'streaming') send(latest);
      else if (pace.ready) sendPaced(now);
    }
    if (now % 100 === 99) {
      const beat = pace.beat(now, Math.max(0, queued - KERNEL_BYTES) / frameBytes);
      outcome.expired = beat.expired;
      mode = pace.mode;
      if (beat.ping) ping(now, false);
    }
    if (pace.mode === 'streaming') outcome.streamed++;
    outcome.mostUnanswered = Math.max(outcome.mostUnanswered, unanswered.size);
  }
  return { ...outcome, ages, arrivals, streaming: outcome.streamed / (seconds * 1000) };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

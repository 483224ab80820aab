import type { RtpTrack } from '../rtp/track.js';
import type { RtpProblem, RtpStatistics } from '../rtp/rtp-sink.js';
import { epochMs } from '../shared/clock.js';
import { CameraError } from '../shared/errors.js';
import type { AccessUnit } from '../video/access-unit.js';
import { Dialogue, type DialogueOptions } from './dialogue.js';
import type { DialogueStep } from './dialogue-step.js';
import { setUpTrack, type MediaLink, type TransportKind } from './media-link.js';
import { MediaStream } from './media-stream.js';
import { isFatal, problemText, whatCame } from './media-problem.js';
import { printable } from './messages/message-syntax.js';
import { shown } from './camera-faults.js';
import type { SessionDescription } from './messages/session-description.js';
import { keepAliveInterval } from './messages/session-header.js';
import { mediaNames, videoTracks, whyNoVideo, type VideoTrack } from './messages/video-track.js';

export interface AttemptOptions extends DialogueOptions {
  readonly transport: TransportKind;
  /** Of the monotonic clock, ms: until then the first access unit must be there. */
  readonly openUntil: number;
  readonly openTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly trackSilenceMs: number;
  /** Which of the video tracks that can be decoded, from 0. */
  readonly trackIndex: number;
}

export interface AttemptEvents {
  unit(unit: AccessUnit): void;
  playing(track: RtpTrack): void;
  step(step: DialogueStep): void;
}

/** An end that is no fault: the caller wants no more, or there is another track to try. */
export class Halted extends Error {
  override readonly name = 'Halted';
  constructor(readonly why: 'stopped' | 'next track') {
    super(why);
  }
}

/** Counts since the attempt began; they only grow. */
export interface SessionStatistics extends RtpStatistics {
  /** UDP datagrams from elsewhere than the camera's address and port. None was taken. */
  readonly foreignDatagrams: number;
  /** Bytes between interleaved packets that were neither RTSP nor RTP. */
  readonly junkBytes: number;
}

/** How long a camera may take to answer TEARDOWN. */
const TEARDOWN_MS = 1000;
/** How long a key frame is awaited beyond the time for opening, while video comes. */
const KEY_FRAME_MS = 70_000;
const UNREADABLE_PICTURES = 'pictures come, but their slices cannot be read';
/** How often silence is looked at. */
const WATCH_MS = 100;

/** One connection, one RTSP session, one video track: from connecting to TEARDOWN. */
export class Attempt {
  readonly #options: AttemptOptions;
  readonly #events: AttemptEvents;
  readonly #controller = new AbortController();
  readonly #dialogue: Dialogue;
  readonly #timers: NodeJS.Timeout[] = [];
  #link: MediaLink | null = null;
  #media: MediaStream | null = null;
  #state: 'opening' | 'playing' | 'over' = 'opening';
  #playedAt = 0;
  #hasNextTrack = false;
  /** What is wrong with the SDP's parameter sets; null: nothing. */
  #unreadable: string | null = null;

  constructor(options: AttemptOptions, events: AttemptEvents) {
    this.#options = options;
    this.#events = events;
    this.#dialogue = new Dialogue(options, {
      packet: (channel, packet, arrivedAt) => this.#packet(channel, packet, arrivedAt),
      closed: (fault) => this.halt(fault),
      step: (step) => events.step(step),
    });
  }

  /** null before the track is set up. */
  get statistics(): SessionStatistics | null {
    if (!this.#media) return null;
    const foreignDatagrams = this.#link?.foreign ?? 0;
    return { ...this.#media.statistics, foreignDatagrams, junkBytes: this.#dialogue.junkBytes };
  }

  senderTime(mediaTimeMs: number): number | null {
    return this.#media?.senderTime(mediaTimeMs) ?? null;
  }

  /** Ends the attempt; the first reason counts. */
  halt(reason: CameraError | Halted): void {
    this.#controller.abort(reason);
  }

  /** @returns why it ended, when the camera's session is torn down and the connection closed */
  async run(): Promise<CameraError | Halted> {
    const { signal } = this.#controller;
    const timeLeft = this.#options.openUntil - performance.now();
    this.#timers.push(setTimeout(() => this.#late(), Math.max(0, timeLeft)));
    try {
      await this.#open(signal);
      return await reasonOf(signal);
    } catch (error) {
      if (!(error instanceof CameraError) && !(error instanceof Halted)) throw error;
      this.halt(error);
      return error;
    } finally {
      await this.#close();
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    const dialogue = this.#dialogue;
    await dialogue.connect(signal);
    await dialogue.options(signal);
    const track = this.#choose(await dialogue.describe(signal));
    const { transport } = this.#options;
    this.#link = await setUpTrack(
      dialogue,
      track,
      transport,
      this.#options,
      (packet) => this.#media?.receive(packet, epochMs()),
      signal,
    );
    this.#events.step({ kind: 'transport', text: this.#link.text });
    // Before PLAY: packets may overtake its answer.
    this.#media = new MediaStream(track.rtp, this.#link.kind, {
      unit: (unit) => this.#unit(unit),
      problem: (problem) => this.#problem(problem),
      bye: () => this.halt(new CameraError('disconnected', 'the camera has ended the stream (RTCP BYE)')),
      report: (packet) => this.#link?.sendRtcp(packet),
    });
    this.#playedAt = epochMs();
    const answered = dialogue.play(signal);
    // While the camera sees to the request, and not before SETUP succeeded: a camera that is taken refuses that.
    this.#events.playing(track.rtp);
    await answered;
    this.#playedAt = epochMs();
    this.#timers.push(setInterval(() => this.#watch(), WATCH_MS));
    const interval = keepAliveInterval(dialogue.sessionTimeoutMs);
    this.#timers.push(setInterval(() => void this.#keepAlive(interval), interval));
  }

  #choose(description: SessionDescription): VideoTrack {
    const tracks = videoTracks(description);
    const index = Math.min(this.#options.trackIndex, tracks.length - 1);
    const media = shown(mediaNames(description.media), this.#options.credentials);
    this.#events.step({ kind: 'described', media, track: index, tracks: tracks.length });
    const track = tracks[index];
    if (track === undefined) throw new CameraError('no_video', printable(whyNoVideo(description)));
    this.#hasNextTrack = index + 1 < tracks.length;
    return track;
  }

  #packet(channel: number, packet: Buffer, arrivedAt: number): void {
    if (this.#link?.hasChannel(channel) === true && this.#state !== 'over')
      this.#media?.receive(packet, arrivedAt);
  }

  #unit(unit: AccessUnit): void {
    if (this.#state === 'over' || this.#controller.signal.aborted) return;
    this.#state = 'playing';
    this.#events.unit(unit);
  }

  #problem(problem: RtpProblem): void {
    const text = problemText(problem);
    this.#events.step({ kind: 'note', text });
    if (problem.kind === 'unreadable_description') this.#unreadable = text;
    if (this.#state === 'playing' || !isFatal(problem)) return;
    this.halt(this.#hasNextTrack ? new Halted('next track') : new CameraError('bad_data', text));
  }

  #watch(): void {
    const silentMs = epochMs() - (this.#media?.lastPacketAt ?? this.#playedAt);
    if (this.#state === 'playing' && silentMs > this.#options.stallTimeoutMs)
      this.halt(new CameraError('stall', `no packet for ${Math.round(silentMs)} ms`));
    const isSilent = this.#media?.lastPacketAt === null && silentMs > this.#options.trackSilenceMs;
    if (isSilent && this.#hasNextTrack) this.halt(new Halted('next track'));
  }

  /** The time for opening is over. */
  #late(): void {
    if (this.#state !== 'opening') return;
    const { packets = 0, foreignDatagrams = 0, dependentUnits = 0 } = this.statistics ?? {};
    const isUnreadable = (this.statistics?.unreadableUnits ?? 0) > dependentUnits;
    const unreadable = this.#unreadable ?? (isUnreadable ? UNREADABLE_PICTURES : null);
    if (packets > 0 && unreadable !== null) this.halt(new CameraError('bad_data', unreadable));
    else if (dependentUnits > 0) this.#awaitKeyFrame();
    else {
      const awaited = `no ${this.#dialogue.awaited} in ${this.#options.openTimeoutMs} ms`;
      this.halt(new CameraError('open_timeout', awaited + whatCame(packets, foreignDatagrams)));
    }
  }

  /** The camera plays, and a key frame will come: encoders stretch them to a minute on a still scene. */
  #awaitKeyFrame(): void {
    const late = (): void => {
      const fault = new CameraError('no_key_frame', `no key frame in ${KEY_FRAME_MS / 1000} s of video`);
      if (this.#state === 'opening') this.halt(fault);
    };
    const leftMs = this.#options.openUntil + KEY_FRAME_MS - performance.now();
    this.#timers.push(setTimeout(late, leftMs));
  }

  /** Never rejects. An answer that does not come is no fault as long as packets do. */
  async #keepAlive(intervalMs: number): Promise<void> {
    // A controller of its own: AbortSignal.any would tie one more listener to the session for each of its weeks of keep-alives.
    const patience = new AbortController();
    const unanswered = new CameraError('open_timeout', 'no answer to keep-alive');
    const timer = setTimeout(() => patience.abort(unanswered), intervalMs).unref();
    try {
      await this.#dialogue.keepAlive(patience.signal);
    } catch (error) {
      if (error instanceof CameraError && error !== unanswered) this.halt(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #close(): Promise<void> {
    this.#state = 'over';
    for (const timer of this.#timers) clearTimeout(timer);
    const bye = this.#media?.close();
    if (bye) this.#link?.sendRtcp(bye);
    this.#link?.close();
    const reason: unknown = this.#controller.signal.reason;
    // The same credentials once more might lock the account.
    const isRefused = reason instanceof CameraError && reason.code === 'unauthorized';
    if (!isRefused) await this.#dialogue.teardown(AbortSignal.timeout(TEARDOWN_MS));
    this.#dialogue.close();
  }
}

/** The reason that the signal is aborted for, when it is. */
function reasonOf(signal: AbortSignal): Promise<CameraError | Halted> {
  return new Promise((resolve) => {
    const done = (): void => resolve(signal.reason as CameraError | Halted);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}

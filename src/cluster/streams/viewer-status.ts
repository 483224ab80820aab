import type { SupervisionEvents } from '../../camera/supervision.js';
import type { CameraStatus } from '../../shared/camera-state.js';
import { OFFLINE_AFTER_MS } from '../../shared/camera-state.js';
import { CAMERA_FAULTS, CameraError, type CameraErrorCode, type ServiceError } from '../../shared/errors.js';
import { SILENT_AFTER_MS } from '../nodes/directory.js';
import type { StreamState } from '../bus/messages.js';

/** Messages take their time, and differently each: a state that is the same began at the same moment, ms. */
const SAME_SINCE_MS = 1500;

type Told = Pick<SupervisionEvents, 'state' | 'failed' | 'refused'>;
type Failure = Parameters<SupervisionEvents['failed']>[0];

/** What this node's viewers are told of a camera, whoever decodes it: to them a change of owner is no new beginning. */
export class ViewerStatus {
  #status: CameraStatus;
  #everLive = false;
  #lastFailure: CameraErrorCode | null = null;
  #lastFrameAt: number;
  #isClosed = false;
  /** Whoever owns the camera now has not shown it yet; an earlier owner has. */
  #isOpening = false;

  /**
   * @param now monotonic, ms
   * @param epochNow Unix epoch, ms, by this node's clock
   */
  constructor(
    private readonly events: Told,
    private readonly now: () => number,
    private readonly epochNow: () => number,
  ) {
    this.#lastFrameAt = now();
    this.#status = this.#since('connecting', null);
  }

  get status(): CameraStatus {
    return this.#status;
  }

  /** Whether the camera has shown a picture since it was opened, here or at its owner. */
  get everLive(): boolean {
    return this.#everLive;
  }

  get lastFailure(): CameraErrorCode | null {
    return this.#everLive ? null : this.#lastFailure;
  }

  /** @param isOwner this node decodes the camera, and its own run tells the state */
  frameShown(isOwner: boolean): void {
    this.#lastFrameAt = this.now();
    const { state } = this.#status;
    // Whether a camera is live for the first time its owner tells: one picture is not enough.
    if (!isOwner && this.#everLive && (state === 'stale' || state === 'offline'))
      this.#set(this.#since('live', null));
  }

  /** The owner told its state. Its times are ages: clocks of nodes differ. */
  told({ state, reason, sinceMs, maxGapMs, everLive }: StreamState): void {
    if (everLive) this.#wasLive();
    else if (reason) this.#lastFailure = reason;
    if (this.#opens(state)) return;
    const began = Math.round(this.epochNow() - sinceMs);
    const before = this.#status;
    const isSame = before.state === state && before.reason === reason;
    const isSince = state === 'connecting' || Math.abs(before.since - began) < SAME_SINCE_MS;
    const since = isSame && isSince ? before.since : began;
    this.#set({ state, reason, since, ...(maxGapMs === undefined ? {} : { maxGapMs }) });
    // Refused credentials are not tried again for whoever comes now: nothing is left to wait for.
    const { lastFailure } = this;
    if (lastFailure && CAMERA_FAULTS[lastFailure].retry === 'hold')
      this.fail(new CameraError(lastFailure), 0);
  }

  /** This node's own run told its state. */
  here(status: CameraStatus): void {
    if (status.state === 'live') this.#wasLive();
    if (this.#opens(status.state)) return;
    const { state, reason, since } = this.#status;
    this.#set(state === status.state && reason === status.reason ? { ...status, since } : status);
  }

  /** This node's own run failed. */
  failedHere(failure: Failure): void {
    this.#lastFailure = failure.code;
    this.events.failed({ ...failure, first: failure.first && !this.#everLive });
  }

  /** The camera cannot be opened; who waits for its first picture is told. */
  fail({ code, detail }: CameraError, retryInMs: number): void {
    this.#lastFailure = code;
    const first = !this.#everLive;
    if (first) this.#set(this.#since('offline', code));
    this.events.failed({ code, detail, first, retryInMs });
  }

  refuse(error: ServiceError): void {
    if (!this.#everLive) this.events.refused(error);
  }

  /**
   * Tells that the picture is old while nobody owns the camera, or a new owner still opens it. To be called a few times a second.
   * @param hasOwner whether one is known
   */
  look(hasOwner: boolean): void {
    if (hasOwner && !this.#isOpening) return;
    const { state, reason } = this.#status;
    const silentMs = this.now() - this.#lastFrameAt;
    if (state === 'connecting' || silentMs <= SILENT_AFTER_MS) return;
    const next = silentMs > OFFLINE_AFTER_MS || state === 'offline' ? 'offline' : 'stale';
    this.#set(this.#since(next, state === 'live' || state === 'frozen' ? 'no_owner' : reason));
  }

  close(): void {
    this.#isClosed = true;
  }

  /** To viewers who have seen a picture, a new owner's first try is no first opening. @returns whether they are not told of it */
  #opens(state: CameraStatus['state']): boolean {
    this.#isOpening = state === 'connecting' && this.#everLive;
    return this.#isOpening;
  }

  #wasLive(): void {
    this.#everLive = true;
    this.#lastFailure = null;
  }

  #since(state: CameraStatus['state'], reason: CameraErrorCode | null): CameraStatus {
    const before = this.#status as CameraStatus | undefined;
    return { state, reason, since: before?.state === state ? before.since : Math.round(this.epochNow()) };
  }

  #set(status: CameraStatus): void {
    const before = this.#status;
    this.#status = status;
    const isSame =
      before.state === status.state &&
      before.reason === status.reason &&
      before.since === status.since &&
      before.maxGapMs === status.maxGapMs;
    if (!isSame && !this.#isClosed) this.events.state(status);
  }
}

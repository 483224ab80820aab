import type { Supervise, Supervision, SupervisionEvents } from '../../camera/supervision.js';
import type { Clock } from '../../shared/clock.js';
import type { CameraErrorCode } from '../../shared/errors.js';
import type { DecodePlan } from '../../shared/worker-protocol.js';

/** What a run on this node tells. */
export type LocalEvents = Omit<SupervisionEvents, 'refused' | 'source'>;

/**
 * A camera that is decoded on this node. Until it is shown its frames go nowhere: while it takes a camera over, the viewers still see
 * the other node's.
 */
export class LocalRun {
  readonly #supervision: Supervision;
  #isShown = false;
  #settle: (outcome: 'live' | CameraErrorCode) => void = () => undefined;
  readonly #firstOutcome = new Promise<'live' | CameraErrorCode>((resolve) => (this.#settle = resolve));

  /** @param before resolves when an earlier run of the camera on this node is gone */
  constructor(
    supervise: Supervise,
    plan: DecodePlan,
    before: Promise<void>,
    private readonly events: LocalEvents,
  ) {
    this.#supervision = supervise(plan, this.#listen(), before);
  }

  setPlan(plan: DecodePlan): void {
    this.#supervision.setPlan(plan);
  }

  requestRetry(): void {
    this.#supervision.requestRetry();
  }

  retry(mayTry: () => boolean): boolean {
    return this.#supervision.retry(mayTry);
  }

  /** From now on its frames and states are told; the present state at once. */
  show(): void {
    if (this.#isShown) return;
    this.#isShown = true;
    this.events.state(this.#supervision.status);
  }

  /** `live` at the first frame, else why there was none. */
  firstOutcome(withinMs: number, clock: Clock): Promise<'live' | CameraErrorCode> {
    const cancel = clock.after(withinMs, () => {
      this.#settle('open_timeout');
    });
    void this.#firstOutcome.then(cancel);
    return this.#firstOutcome;
  }

  stop(): Promise<void> {
    this.#settle('disconnected');
    return this.#supervision.stop();
  }

  #listen(): SupervisionEvents {
    const { events } = this;
    return {
      frame: (message) => {
        this.#settle('live');
        if (this.#isShown) events.frame(message);
      },
      unit: (message) => {
        if (this.#isShown) events.unit(message);
      },
      counted: (counters) => {
        events.counted(counters);
      },
      video: (report) => {
        if (this.#isShown) events.video(report);
      },
      keyFrames: (keyFrames) => {
        events.keyFrames(keyFrames);
      },
      state: (status) => {
        if (this.#isShown) events.state(status);
      },
      failed: (failure) => {
        this.#settle(failure.code);
        if (this.#isShown) events.failed(failure);
      },
      refused: () => undefined,
      source: () => undefined,
    };
  }
}

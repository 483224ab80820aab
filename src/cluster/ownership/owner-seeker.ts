import type { CameraError, ServiceError } from '../../shared/errors.js';
import { findOwner, type OwnerSearch, type StreamFacts } from './find-owner.js';
import type { Holder, Lease } from './lease.js';
import type { WantedStream } from '../bus/messages.js';

/** Nobody can open the camera: the first pause before the search begins anew, and the longest, ms. */
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 8000;
/** Nodes that were asked to open the camera have this long to answer, ms: they may start, or have no processor for a while. */
const PATIENCE_MS = 5000;
/** Until they are asked again, ms. */
const ASK_AGAIN_MS = 250;

export interface SeekerEvents {
  own(lease: Lease): void;
  follow(holder: Holder): void;
  /** Nobody can open it now; it is tried again. */
  failed(error: CameraError, retryInMs: number): void;
  refused(error: ServiceError): void;
}

/** Looks for a stream's owner until there is one, which may be this node. */
export class OwnerSeeker {
  /** Counts searches: what an earlier one finds is not wanted any more. */
  #turn = 0;
  #wake: (() => void) | null = null;

  constructor(
    private readonly facts: StreamFacts,
    private readonly wanted: () => WantedStream,
    private readonly search: OwnerSearch,
    private readonly events: SeekerEvents,
  ) {}

  /** @param mine another node chose this one: nobody else is asked */
  begin(mine = false): void {
    void this.#seek(++this.#turn, mine);
  }

  /** Something changed: the present pause is over. */
  wake(): void {
    this.#wake?.();
  }

  end(): void {
    this.#turn++;
    this.#wake?.();
  }

  async #seek(turn: number, mine: boolean): Promise<void> {
    const { events } = this;
    const { clock } = this.search;
    let askedAt: number | null = null;
    for (let pause = RETRY_MIN_MS; ;) {
      const found = await findOwner(this.facts, this.wanted(), mine, this.search);
      if (turn !== this.#turn) {
        if (found.type === 'own') await found.lease.release();
        return;
      }
      if (found.type === 'own' || found.type === 'follow') {
        this.#turn++;
        if (found.type === 'own') events.own(found.lease);
        else events.follow(found.holder);
        return;
      }
      let waitMs = pause;
      if (found.type === 'wait') waitMs = found.ms;
      else if (found.type === 'unanswered' && clock.now() - (askedAt ??= clock.now()) < PATIENCE_MS)
        waitMs = ASK_AGAIN_MS;
      else {
        if (found.type === 'refused') events.refused(found.error);
        else events.failed(found.error, pause);
        pause = Math.min(RETRY_MAX_MS, 2 * pause);
      }
      await this.#sleep(waitMs);
      if (turn !== this.#turn) return;
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#wake = null;
        resolve();
      };
      const cancel = this.search.clock.after(ms, wake);
      this.#wake = wake;
    });
  }
}

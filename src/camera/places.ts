import type { CameraStatus } from '../shared/camera-state.js';
import type { ServiceError } from '../shared/errors.js';
import type { Want } from '../decoding/decode-plan.js';
import type { Place, SeatListener } from './seat.js';

/** What a viewer brings to its place. */
export interface Sitter {
  readonly want: Want;
  readonly listener: SeatListener;
  /** Whether it wants frames from the beginning. */
  readonly active: boolean;
  /** Gives back what belongs to the place. */
  readonly release: () => void;
}

export interface PlaceEvents {
  /** One viewer more wants this now, or one less. */
  wanted(want: Want, isWanted: boolean): void;
  left(): void;
}

/** The places of one camera's viewers. */
export class Places {
  readonly #taken = new Map<Place, SeatListener>();

  constructor(private readonly events: PlaceEvents) {}

  get size(): number {
    return this.#taken.size;
  }

  take({ want, listener, active, release }: Sitter): Place {
    let wants = active;
    const setActive = (isActive: boolean): void => {
      if (wants === isActive || !this.#taken.has(place)) return;
      wants = isActive;
      this.events.wanted(want, isActive);
    };
    const place: Place = {
      setActive,
      leave: () => {
        setActive(false);
        if (!this.#taken.delete(place)) return;
        release();
        this.events.left();
      },
    };
    this.#taken.set(place, listener);
    if (active) this.events.wanted(want, true);
    return place;
  }

  tell(status: CameraStatus): void {
    for (const listener of [...this.#taken.values()]) listener.state(status);
  }

  lose(error: ServiceError): void {
    for (const listener of [...this.#taken.values()]) listener.lost(error);
  }

  /** For good: nothing that their holders still do counts. */
  clear(): void {
    this.#taken.clear();
  }
}

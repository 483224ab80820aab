import type {
  TileRefusal,
  WallFrame,
  WallRequest,
  WallState,
  WallStreams,
  WallSubscription,
} from './tile-stream.js';

export interface FeedEvents {
  frame(feed: Feed, frame: WallFrame): void;
  state(feed: Feed, state: WallState): void;
  refused(feed: Feed, refusal: TileRefusal): void;
}

/**
 * One rendition of a camera that feeds a tile. It reports nothing after its end, although the stream behind it may: a refusal
 * comes from within `join`, and a frame may be on its way while the feed is left.
 */
export class Feed {
  /** The newest state of the stream. */
  state: WallState | null = null;
  #subscription: WallSubscription | null = null;
  #ended = false;

  /** @param events are first called from `open` */
  constructor(
    private readonly request: WallRequest,
    private readonly events: FeedEvents,
  ) {}

  get ended(): boolean {
    return this.#ended;
  }

  open(streams: WallStreams): void {
    const subscription = streams.join(this.request, {
      frame: (frame) => {
        if (!this.#ended) this.events.frame(this, frame);
      },
      state: (state) => {
        this.state = state;
        if (!this.#ended) this.events.state(this, state);
      },
      refused: (refusal) => {
        if (this.#ended) return;
        // A refusal after the join leaves a seat behind, which would keep the camera open.
        this.end();
        this.events.refused(this, refusal);
      },
    });
    // Refused, or replaced by its own first frame, before there was anything to leave.
    if (this.#ended) subscription.leave();
    else this.#subscription = subscription;
  }

  latest(): WallFrame | null {
    return this.#subscription?.latest() ?? null;
  }

  setActive(active: boolean): void {
    this.#subscription?.setActive(active);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#subscription?.leave();
  }
}

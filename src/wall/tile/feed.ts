import type {
  TileRefusal,
  VideoGap,
  VideoUnit,
  WallFrame,
  WallRequest,
  WallSink,
  WallState,
  WallStreams,
  WallSubscription,
  WallVideoSubscription,
} from './tile-stream.js';

export interface FeedEvents {
  frame(feed: Feed, frame: WallFrame): void;
  unit(feed: Feed, unit: VideoUnit): void;
  /** The camera's video cannot be had now. */
  unavailable(feed: Feed, gap: VideoGap): void;
  state(feed: Feed, state: WallState): void;
  refused(feed: Feed, refusal: TileRefusal): void;
}

type Joined =
  | { readonly kind: 'none' }
  | { readonly kind: 'pictures'; readonly subscription: WallSubscription }
  | { readonly kind: 'video'; readonly subscription: WallVideoSubscription };

/**
 * What feeds a tile: one rendition of a camera, or its video. It reports nothing after its end, although the stream behind it may: a
 * refusal comes from within `join`, and a frame may be on its way while the feed is left.
 */
export class Feed {
  /** The newest state of the stream. */
  state: WallState | null = null;
  #joined: Joined = { kind: 'none' };
  #ended = false;

  /** @param events are first called from `open` */
  constructor(
    readonly form: 'pictures' | 'video',
    readonly request: WallRequest,
    private readonly events: FeedEvents,
  ) {}

  get ended(): boolean {
    return this.#ended;
  }

  open(streams: WallStreams): void {
    const joined = this.#join(streams);
    // Refused, or replaced by its own first frame, before there was anything to leave.
    if (this.#ended) joined.subscription.leave();
    else this.#joined = joined;
  }

  latest(): WallFrame | null {
    return this.#joined.kind === 'pictures' ? this.#joined.subscription.latest() : null;
  }

  backlog(): readonly VideoUnit[] {
    return this.#joined.kind === 'video' ? this.#joined.subscription.backlog() : [];
  }

  setActive(active: boolean): void {
    if (this.#joined.kind !== 'none') this.#joined.subscription.setActive(active);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#joined.kind !== 'none') this.#joined.subscription.leave();
  }

  #join(streams: WallStreams): Exclude<Joined, { kind: 'none' }> {
    const common: Omit<WallSink, 'frame'> = {
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
    };
    if (this.form === 'pictures') {
      const frame = (one: WallFrame): void => {
        if (!this.#ended) this.events.frame(this, one);
      };
      return { kind: 'pictures', subscription: streams.join(this.request, { ...common, frame }) };
    }
    const unit = (one: VideoUnit): void => {
      if (!this.#ended) this.events.unit(this, one);
    };
    const unavailable = (gap: VideoGap): void => {
      if (!this.#ended) this.events.unavailable(this, gap);
    };
    return { kind: 'video', subscription: streams.joinVideo(this.request, { ...common, unit, unavailable }) };
  }
}

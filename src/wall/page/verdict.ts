import type { TileState } from '../protocol.js';

/** What a tile says of itself. The rule of the wall: no picture that is not live may look like one that is. Pure. */

/** What is known about one tile. Times are Unix epoch in ms by the server's clock. */
export interface TileFacts {
  /** The server's word, or null before the first. */
  readonly state: {
    readonly state: TileState;
    readonly reason: string | null;
    readonly text: string;
    readonly since: number;
    /** How old a picture may be, ms, when only key frames come. */
    readonly maxGap?: number | undefined;
  } | null;
  readonly refused: { readonly reason: string; readonly text: string } | null;
  /** When the connection to the server was lost; null while it stands. */
  readonly linkLostAt: number | null;
  /** Capture time of the frame in the picture; null without one. */
  readonly capturedAt: number | null;
  /** Since when frames should be coming (subscribed, resumed, reconnected). */
  readonly expectedSince: number;
  /** True: nobody sees the tile and no frames are asked for. */
  readonly paused: boolean;
  /** The tile asked for no more than this many frames a second; null is the source's rate. */
  readonly fps: number | null;
}

export type Word = TileState | 'link' | 'refused';

export interface Verdict {
  readonly word: Word;
  /** The picture is of the present. */
  readonly live: boolean;
  /** Stable code of the cause, or null. */
  readonly reason: string | null;
  /** The server's English text, empty when there is none. */
  readonly text: string;
  /** How long it has been so, ms; for `stale` the age of the picture. 0 for `live`. */
  readonly age: number;
}

/** A picture older than this is not live, unless frames are known to come that seldom. The bound of the server's watchdog (STALL_TIMEOUT_MS). */
const STALE_AFTER_MS = 5_000;
/** After a resume a picture may be this much older than the resume: tiles are told of frames every half second. */
const RESUME_MS = 1_500;

export function verdictOf(facts: TileFacts, now: number): Verdict {
  const said = (word: Word, reason: string | null, text: string, since: number): Verdict => ({
    word,
    live: false,
    reason,
    text,
    age: Math.max(0, now - since),
  });
  const { state, refused, capturedAt } = facts;
  if (refused) return said('refused', refused.reason, refused.text, now);
  if (facts.linkLostAt !== null) return said('link', null, '', facts.linkLostAt);
  if (!state) return said('connecting', null, '', facts.expectedSince);
  if (state.state === 'stale') return said('stale', state.reason, state.text, capturedAt ?? state.since);
  if (state.state === 'offline' || state.state === 'connecting') {
    return said(state.state, state.reason, state.text, state.since);
  }
  // Nobody sees it: the server's word holds, but the picture is of whenever it was paused.
  if (facts.paused)
    return said(state.state, state.reason, state.text, state.state === 'live' ? now : state.since);
  // The server says live or frozen: believe it only as far as the frames bear it out.
  const bound = Math.max(STALE_AFTER_MS, state.maxGap ?? 0, facts.fps === null ? 0 : 3000 / facts.fps);
  const proof = Math.max(capturedAt ?? 0, facts.expectedSince);
  if (now - proof > bound) {
    return said(
      capturedAt === null ? 'connecting' : 'stale',
      'no_frames',
      '',
      capturedAt ?? facts.expectedSince,
    );
  }
  if (capturedAt === null) return said('connecting', null, '', facts.expectedSince);
  // From before a pause: the first new frame is a moment away.
  if (capturedAt < facts.expectedSince - RESUME_MS || now - capturedAt > bound)
    return said('connecting', null, '', facts.expectedSince);
  if (state.state === 'frozen')
    return { ...said('frozen', state.reason, state.text, state.since), live: true };
  return { word: 'live', live: true, reason: null, text: '', age: 0 };
}

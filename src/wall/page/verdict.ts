import type { TileState } from '../protocol.js';

/** The state that a tile shows. The rule of the wall: no picture that is not live may look like one that is. Pure. */

/** What is known about one tile. Times are Unix epoch in ms by the server's clock. */
export interface TileFacts {
  /** The camera's state by the server, or null before it is known. */
  readonly state: {
    readonly state: TileState;
    readonly reason: string | null;
    readonly text: string;
    readonly since: number;
    /** How old a picture may be, ms, when only key frames come. */
    readonly maxGap?: number | undefined;
  } | null;
  readonly refused: { readonly reason: string; readonly text: string } | null;
  /** The service has had the tile's camera: a refusal tells that it was removed, not that it never was. */
  readonly isKnown: boolean;
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

/**
 * `waiting`: the camera is live and the tile has no picture of it yet. `link`: no connection to the service. `removed`: the service has
 * had the camera, and has none of this name any more.
 */
export type Word = TileState | 'waiting' | 'link' | 'refused' | 'removed';

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
/** After a resume a picture may be this much older than the resume: the page is told of drawn frames every half second. */
const RESUME_MS = 1_500;

const notLive = (word: Word, reason: string | null, text: string, age: number): Verdict => ({
  word,
  live: false,
  reason,
  text,
  age: Math.max(0, age),
});

export function verdictOf(facts: TileFacts, now: number): Verdict {
  const { state, refused, isKnown, linkLostAt, capturedAt, expectedSince } = facts;
  if (refused) {
    const word = isKnown && refused.reason === 'no_such_camera' ? 'removed' : 'refused';
    return notLive(word, refused.reason, refused.text, 0);
  }
  if (linkLostAt !== null) return notLive('link', null, '', now - linkLostAt);
  if (!state) return notLive('connecting', null, '', now - expectedSince);
  if (state.state === 'stale')
    return notLive('stale', state.reason, state.text, now - (capturedAt ?? state.since));
  if (state.state === 'offline' || state.state === 'connecting')
    return notLive(state.state, state.reason, state.text, now - state.since);
  return verdictOfRunning({ ...facts, state }, now);
}

/** Of a camera that the server calls live or frozen: true of the tile only as far as its frames bear it out. */
function verdictOfRunning(
  facts: TileFacts & { readonly state: NonNullable<TileFacts['state']> },
  now: number,
): Verdict {
  const { state, capturedAt, expectedSince } = facts;
  // Between two frames when the tile asked for few a second.
  const interval = facts.fps === null ? 0 : 1000 / facts.fps;
  const bound = Math.max(STALE_AFTER_MS, state.maxGap ?? 0, 3 * interval);
  const overdue = !facts.paused && now - Math.max(capturedAt ?? 0, expectedSince) > bound;
  if (capturedAt === null)
    return notLive('waiting', overdue ? 'no_frames' : null, '', facts.paused ? 0 : now - expectedSince);
  // Nobody sees it: the camera's state holds, but the picture is as old as the pause.
  if (facts.paused)
    return notLive(state.state, state.reason, state.text, state.state === 'live' ? 0 : now - state.since);
  if (overdue) return notLive('stale', 'no_frames', '', now - capturedAt);
  // From before a pause: the first new frame is a moment away. maxGap says nothing of it: it may have begun with the pause.
  if (capturedAt < expectedSince - Math.max(RESUME_MS, interval) || now - capturedAt > bound)
    return notLive('stale', null, '', now - capturedAt);
  if (state.state === 'frozen')
    return {
      word: 'frozen',
      live: true,
      reason: state.reason,
      text: state.text,
      age: Math.max(0, now - state.since),
    };
  return { word: 'live', live: true, reason: null, text: '', age: 0 };
}

/** Whether the camera is left alone because it refused its credentials: a person can have it tried again. */
export const isHeld = ({ word, reason }: Verdict): boolean =>
  word !== 'live' && (reason === 'unauthorized' || reason === 'forbidden');

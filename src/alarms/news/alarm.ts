import { CAMERA_FAULTS, type CameraErrorCode } from '../../shared/errors.js';
import type { Condition } from './condition.js';

/** What is told of one camera. It holds no address. */
export interface Alarm {
  readonly camera: string;
  readonly title: string;
  readonly state: Condition;
  /** Why it is offline. */
  readonly reason: CameraErrorCode | null;
  /** When it came into this state: Unix epoch, ms. */
  readonly since: number;
  /** Whether this node is the one that tells it: in a cluster each camera has one that does. */
  readonly own: boolean;
}

/** For people: `Main gate is offline: connection refused: check address and port`. */
export function alarmText({ title, state, reason }: Alarm): string {
  const why = state === 'offline' && reason !== null ? `: ${CAMERA_FAULTS[reason].text}` : '';
  return `${title} is ${state}${why}`;
}

/** What tells others. */
export interface AlarmSink {
  /** Called a few times a second with what has changed since; both may be empty. */
  told(news: AlarmNews): void;
  /** Resolves when its connections are closed, within a second or two. */
  close(): Promise<void>;
}

export interface AlarmNews {
  /** Cameras whose state is to be told now. */
  readonly changed: readonly Alarm[];
  /** Every configured camera whose state was told, as it was told last. */
  readonly present: ReadonlyMap<string, Alarm>;
  /** Every configured camera. */
  readonly configured: ReadonlySet<string>;
  /** Cameras that were taken out of the configuration. */
  readonly removed: readonly string[];
}

import type { Alarm, AlarmNews } from '../../src/alarms/news/alarm.js';
import type { Condition } from '../../src/alarms/news/condition.js';

export const alarm = (camera: string, state: Condition, rest: Partial<Alarm> = {}): Alarm => ({
  ...{ camera, title: `The ${camera}`, state, reason: state === 'offline' ? 'refused' : null, since: 1000 },
  ...{ own: true, ...rest },
});

/** What a sink is told when these are all cameras. */
export const news = (
  present: readonly Alarm[],
  changed = present,
  removed: readonly string[] = [],
): AlarmNews => ({
  changed,
  present: new Map(present.map((each) => [each.camera, each])),
  configured: new Set(present.map(({ camera }) => camera)),
  removed,
});

import { createHash } from 'node:crypto';
import { isCameraName } from '../../shared/camera-name.js';
import type { Alarm } from '../news/alarm.js';
import { alarmText } from '../news/alarm.js';

/** Topics and payloads (PROTOCOL.md). A camera's name has no character that means something in a topic. */

export interface Topics {
  /** `online`, or `offline`: the last will. */
  readonly status: string;
  readonly state: (camera: string) => string;
  readonly picture: (camera: string) => string;
  /** Matches the states of all cameras, those of an earlier configuration included. */
  readonly allStates: string;
  /** The camera of a topic that `allStates` matches; `null` for what this service cannot have written. */
  readonly cameraOf: (topic: string) => string | null;
}

/** @param node this node's name in a cluster */
export function topicsBelow(base: string, node: string | null): Topics {
  const cameras = `${base}/cameras/`;
  return {
    status: node === null ? `${base}/status` : `${base}/status/${node}`,
    state: (camera) => `${cameras}${camera}/state`,
    picture: (camera) => `${cameras}${camera}/picture`,
    allStates: `${cameras}+/state`,
    cameraOf: (topic) => {
      if (!topic.startsWith(cameras) || !topic.endsWith('/state')) return null;
      const camera = topic.slice(cameras.length, -'/state'.length);
      return isCameraName(camera) ? camera : null;
    },
  };
}

export const statePayload = (alarm: Alarm): string =>
  JSON.stringify({
    state: alarm.state,
    reason: alarm.reason,
    since: alarm.since,
    title: alarm.title,
    text: alarmText(alarm),
  });

/** Home Assistant's ids have no dots; a name with some gets a part of its hash, so that `a.b` and `a-b` stay two. */
export function objectId(base: string, camera: string): string {
  const whole = `${base}_${camera}`;
  const plain = whole.replace(/[^A-Za-z0-9_-]/g, '-');
  if (plain === whole) return whole;
  return `${plain}-${createHash('sha256').update(whole).digest('hex').slice(0, 8)}`;
}

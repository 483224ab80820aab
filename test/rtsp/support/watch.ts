import type { TestContext } from 'node:test';
import {
  openSession,
  type RtspSession,
  type SessionEnd,
  type SessionOptions,
} from '../../../src/rtsp/session.js';
import type { DialogueStep } from '../../../src/rtsp/dialogue-step.js';
import type { AccessUnit } from '../../../src/video/access-unit.js';
import type { ScriptedCamera } from './scripted-camera.js';

export type WatchOptions = Partial<Omit<SessionOptions, 'url'>> & {
  readonly scheme?: 'rtsp' | 'rtsps';
  readonly host?: string;
  readonly path?: string;
  readonly onUnit?: (unit: AccessUnit) => void;
};

/** A session under test. */
export interface Watched {
  readonly session: RtspSession;
  readonly units: AccessUnit[];
  readonly steps: DialogueStep[];
  /** Resolves when so many units have come; rejects with how the session ended before. */
  readonly reach: (units: number) => Promise<void>;
  readonly stop: () => Promise<SessionEnd>;
}

/** Opens a session to a camera of this machine; it is stopped with the test. */
export function watch(
  t: TestContext,
  camera: Pick<ScriptedCamera, 'port'>,
  options: WatchOptions = {},
): Watched {
  const { scheme = 'rtsp', host = '127.0.0.1', path = '/live', onUnit, ...rest } = options;
  const units: AccessUnit[] = [];
  const steps: DialogueStep[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const session = openSession(
    {
      url: { scheme, host, port: camera.port, pathAndQuery: path },
      credentials: null,
      address: '127.0.0.1',
      transport: 'tcp',
      openTimeoutMs: 5000,
      stallTimeoutMs: 2000,
      ...rest,
    },
    {
      unit: (unit) => {
        units.push(unit);
        onUnit?.(unit);
        for (const { count, resolve } of waiting) if (units.length >= count) resolve();
      },
      step: (step) => steps.push(step),
    },
  );
  const stop = (): Promise<SessionEnd> => {
    session.stop();
    return session.ended;
  };
  t.after(stop);
  return {
    session,
    units,
    steps,
    stop,
    reach: (count) =>
      new Promise((resolve, reject) => {
        if (units.length >= count) resolve();
        waiting.push({ count, resolve });
        void session.ended.then((end) =>
          reject(new Error(JSON.stringify({ end, units: units.length, steps }))),
        );
      }),
  };
}

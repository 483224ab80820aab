import type { VirtualCameras } from '../virtual-camera/index.js';
import { startContender } from './contender.js';
import { viewerPath, type Contender } from './paths.js';
import type { ServerProcess } from './server-process.js';

/** Both servers, in the order in which they take their turns. */
export const SERVERS = ['ours', 'baseline'] as const satisfies readonly Contender[];

/** With another checkout it takes the baseline's place: what it was measured against once says nothing of this revision. */
export const serversWith = (against: string | null): readonly [Contender, Contender] =>
  against === null ? SERVERS : ['ours', 'before'];

/** Where a bench has no baseline. */
export const revisionsWith = (against: string | null): readonly Contender[] =>
  against === null ? ['ours'] : ['ours', 'before'];

/** Rate of the virtual cameras, and what counts as full rate: 2 % may be missing. */
export const CAMERA_FPS = 25;
export const FULL_FPS = 24.5;

/** What the cameras show where the decoder's and the encoder's cost counts: as noisy, and of the bitrate, of `pipeline`'s clip. */
export const STREET = { noise: 8, bitrate: 700_000 } as const;

/**
 * Runs `use` with a fresh server in a process of its own, and ends the server however that came out.
 * @param against checkout of `before`
 */
export async function withServer<T>(
  who: Contender,
  use: (server: ServerProcess) => Promise<T>,
  settings: Readonly<Record<string, string>> = {},
  against: string | null = null,
): Promise<T> {
  const server = await startContender(who, settings, against);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/** Paths of viewers of the first `count` cameras, one each. */
export const viewerPaths = (cameras: VirtualCameras, count: number): string[] =>
  cameras.urls.slice(0, count).map((url, at) => viewerPath(`cam${at + 1}`, url));

/** Column of numbers. */
export const right = (title: string): { title: string; align: 'right' } => ({ title, align: 'right' });

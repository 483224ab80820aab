import { startBaseline } from '../baseline/index.js';
import { benchFfmpeg } from './ffmpeg-path.js';
import type { Contender } from './paths.js';
import type { ServerProcess } from './server-process.js';
import { startService } from './service.js';

/** Starts the service, or the baseline that does what the usual packages do, in a process of its own. */
export function startContender(
  who: Contender,
  settings: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const env = { FFMPEG_PATH: benchFfmpeg(), MAX_CAMERAS: '200', ...settings };
  return who === 'ours' ? startService({ env, endsWithParent: false }) : startBaseline({ env });
}

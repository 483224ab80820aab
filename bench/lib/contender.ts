import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { startBaseline } from '../baseline/index.js';
import { UsageError } from './command-line.js';
import { benchFfmpeg } from './ffmpeg-path.js';
import type { Contender } from './paths.js';
import { startServer, type ServerProcess } from './server-process.js';
import { startService } from './service.js';

/**
 * The compiled service of another checkout.
 * @throws UsageError when none is there
 */
function serviceScript(checkout: string): string {
  const script = resolve(checkout, 'dist/src/main.js');
  if (!existsSync(script))
    throw new UsageError(`--against ${checkout}: ${script} is missing, build it first`);
  return script;
}

/**
 * Starts the service, another checkout's, or the baseline that does what the usual packages do, in a process of its own.
 * @param against checkout of `before`
 */
export function startContender(
  who: Contender,
  settings: Readonly<Record<string, string>> = {},
  against: string | null = null,
): Promise<ServerProcess> {
  const env = { FFMPEG_PATH: benchFfmpeg(), MAX_CAMERAS: '200', ...settings };
  if (who === 'baseline') return startBaseline({ env });
  if (who === 'ours') return startService({ env, endsWithParent: false });
  return startServer({ script: serviceScript(against ?? ''), env });
}

import { execFileSync } from 'node:child_process';
import bundled from '@ffmpeg-installer/ffmpeg';

/** FFMPEG_PATH, or the bundled build: PATH is not searched, so that two machines measure the same thing. */
export function benchFfmpeg(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['FFMPEG_PATH'];
  return chosen === undefined || chosen === '' ? bundled.path : chosen;
}

/** `5.1.9-0+deb12u1`; `unknown` when it does not run. */
export function ffmpegVersion(path: string): string {
  try {
    const text = execFileSync(path, ['-version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /^ffmpeg version (\S+)/.exec(text)?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

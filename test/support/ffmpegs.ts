import bundled from '@ffmpeg-installer/ffmpeg';
import { spawnSync } from 'node:child_process';
import { FFMPEG } from './requirements.js';

interface NamedFfmpeg {
  readonly name: string;
  readonly path: string;
}

const BUNDLED: NamedFfmpeg = { name: 'the bundled FFmpeg', path: bundled.path };

/** The one on PATH; `null` where there is none, which a stranger's machine may do without, and CI not. */
function current(): NamedFfmpeg | null {
  const path = spawnSync('which', ['ffmpeg'], { encoding: 'utf8' }).stdout.trim();
  if (path !== '') return { name: 'the current FFmpeg', path };
  if (process.env['CI'] === 'true') throw new Error(`missing ${FFMPEG.what}. To get it: ${FFMPEG.install}`);
  return null;
}

const newer = current();

/** The FFmpegs to test with: both generations word and time things differently. */
export const FFMPEGS: readonly NamedFfmpeg[] = newer ? [BUNDLED, newer] : [BUNDLED];

/** What the service would choose. */
export const CHOSEN_FFMPEG = newer ?? BUNDLED;

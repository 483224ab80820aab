import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { FfmpegBuild } from '../shared/worker-protocol.js';
import { findLauncher } from './launcher.js';
import { PROBE_LIMITS } from './probe-limits.js';
import { which } from './which.js';

const run = promisify(execFile);

/**
 * Finds the FFmpeg to use and learns its dialect, once at start: `FFMPEG_PATH`, else `ffmpeg` on PATH, else the bundled one
 * (of 2018: it wins only when there is nothing newer).
 *
 * @param configured value of FFMPEG_PATH, or '' for none
 * @throws Error that says which binary cannot be run and what to do
 */
export async function findFfmpeg(configured: string): Promise<FfmpegBuild> {
  if (configured !== '') return probe(configured, 'FFMPEG_PATH');
  const onPath = await which('ffmpeg');
  if (onPath) {
    try {
      return await probe(onPath, 'PATH');
    } catch {
      // A broken ffmpeg on PATH is no reason not to start when a working one is bundled.
    }
  }
  return probe(bundledPath(), 'the bundled package');
}

/** The bundled binary's path; the package throws on platforms that it has no binary for. */
function bundledPath(): string {
  try {
    const installer = createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg') as { path: string };
    return installer.path;
  } catch {
    throw new Error('no FFmpeg found: install ffmpeg, or set FFMPEG_PATH to its binary');
  }
}

async function probe(path: string, origin: string): Promise<FfmpegBuild> {
  let text: string;
  try {
    const { stdout } = await run(path, ['-version'], PROBE_LIMITS);
    text = stdout;
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'it fails';
    throw new Error(
      `FFmpeg at ${path} (from ${origin}) cannot be run: ${why}. Set FFMPEG_PATH to a working ffmpeg.`,
    );
  }
  const avformat = Number(/libavformat\s+(\d+)\./.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(avformat))
    throw new Error(`${path} (from ${origin}) does not look like FFmpeg. Check FFMPEG_PATH.`);
  await checkFormats(path, origin);
  // libavformat 59.27 is FFmpeg 5.1, the first with -fps_mode; ask the binary itself, forks number differently.
  const help = await run(path, ['-hide_banner', '-h', 'full'], {
    ...PROBE_LIMITS,
    maxBuffer: 1 << 25,
  });
  return {
    path,
    version: text.split('\n', 1)[0] ?? '',
    avformat,
    hasFpsMode: /^-fps_mode\b/m.test(help.stdout),
    ...(await findLauncher(path)),
  };
}

/** What it is used for; some builds are made with little in them. */
async function checkFormats(path: string, origin: string): Promise<void> {
  for (const [kind, names] of Object.entries({
    demuxers: ['ivf'],
    muxers: ['mkvtimestamp_v2', 'rawvideo'],
  })) {
    const { stdout } = await run(path, ['-hide_banner', `-${kind}`], PROBE_LIMITS);
    const missing = names.find((name) => !new RegExp(` ${name} `).test(stdout));
    if (missing !== undefined)
      throw new Error(
        `FFmpeg at ${path} (from ${origin}) is built without ${missing} (${kind}): use another one`,
      );
  }
}

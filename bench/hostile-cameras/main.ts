import bundled from '@ffmpeg-installer/ffmpeg';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { commandLine } from '../lib/command-line.js';
import { KINDS, runHostileCameras } from './run.js';

/**
 * Watches cameras whose RTSP, session description or H.264 is broken, each in its own way, with the bundled FFmpeg and with the one that
 * the service would choose, beside one honest viewer. Fails (exit 1) when the service ends or logs an error, when the honest viewer is
 * closed or waits too long, when a decoder takes too much memory, or when memory, descriptors, threads or children are not back.
 */
const { minutes, viewers } = commandLine({
  name: 'hostile-cameras',
  about: `Watches cameras that are broken in ${KINDS.length} ways, with both FFmpegs, beside one honest viewer.`,
  options: {
    minutes: {
      default: 10,
      min: 0.1,
      max: 1000,
      fractions: true,
      help: 'how long, for all FFmpegs together',
    },
    viewers: { default: 8, min: 1, max: 50, help: 'viewers of hostile cameras at a time' },
  },
});

const paths = [...new Set([bundled.path, (await findFfmpeg('')).path])];
for (const ffmpegPath of paths) {
  console.log(`hostile-cameras: ${KINDS.length} kinds, ${ffmpegPath}`);
  const seconds = (minutes * 60) / paths.length;
  const wrong = await runHostileCameras({ ffmpegPath, seconds, viewers, say: console.log });
  console.log(wrong.length === 0 ? 'ok' : `FAILED: ${wrong.join('; ')}`);
  if (wrong.length > 0) process.exitCode = 1;
}

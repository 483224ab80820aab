import bundled from '@ffmpeg-installer/ffmpeg';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { commandLine } from '../lib/command-line.js';
import { interruption, INTERRUPTED_STATUS } from '../lib/interruption.js';
import { peakMemory } from './peak-memory.js';
import { KINDS, runHostileCameras } from './run.js';

/**
 * Watches cameras whose RTSP, session description or H.264 is broken, or that send without end, each in its own way, with the bundled
 * FFmpeg and with the one that the service would choose, over TCP and UDP, beside one honest viewer. Fails (exit 1) when the service
 * ends or logs an error, when the honest viewer is closed or waits too long, when a decoder takes too much memory, when another
 * host is contacted, or when memory, descriptors, threads or children are not back. Interrupted, it tells what it found by then (exit 1,
 * or 130 when that is nothing).
 */
const { minutes, viewers, each } = commandLine({
  name: 'hostile-cameras',
  about: `Watches cameras that are broken in ${KINDS.length} ways, with both FFmpegs, over TCP and UDP, beside one honest viewer.`,
  options: {
    minutes: {
      default: 10,
      min: 0.1,
      max: 1000,
      fractions: true,
      help: 'how long, for all FFmpegs and transports together',
    },
    viewers: { default: 8, min: 1, max: 50, help: 'viewers of hostile cameras at a time' },
    each: { help: 'instead: the memory that each kind alone makes the service and its FFmpegs take' },
  },
});

const EACH_SECONDS = 4;
/** What one hostile camera may make the service and its FFmpegs take. */
const MOST_BYTES = 100e6;

const transports = ['tcp', 'udp'] as const;
const paths = [...new Set([bundled.path, (await findFfmpeg('')).path])];
const runs = paths.flatMap((ffmpegPath) => transports.map((transport) => ({ ffmpegPath, transport })));
const interrupted = interruption();
for (const run of runs) {
  if (interrupted.aborted) break;
  console.log(`hostile-cameras: ${KINDS.length} kinds over ${run.transport}, ${run.ffmpegPath}`);
  const wrong = each
    ? await watchEach(run)
    : await runHostileCameras({
        ...run,
        seconds: (minutes * 60) / runs.length,
        viewers,
        interrupted,
        say: console.log,
      });
  console.log(wrong.length === 0 ? 'ok' : `FAILED: ${wrong.join('; ')}`);
  if (wrong.length > 0) process.exitCode = 1;
}
if (interrupted.aborted) process.exitCode ??= INTERRUPTED_STATUS;

async function watchEach(run: (typeof runs)[number]): Promise<string[]> {
  const peaks = await peakMemory({ ...run, kinds: KINDS, seconds: EACH_SECONDS });
  for (const { name, more, service } of [...peaks].sort((a, b) => b.more - a.more))
    console.log(`${name.padEnd(32)} ${megabytes(more)} MB more, ${megabytes(service)} of it the service's`);
  return peaks
    .filter(({ more }) => more > MOST_BYTES)
    .map(({ name, more }) => `${name}: ${megabytes(more)} MB`);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1).padStart(7);
}

import type { Config } from './config/settings.js';
import type { Decoding } from './decoding/create-decoding.js';
import { confinementText } from './decoding/launcher.js';
import { encoderProblem } from './decoding/worker-pool.js';
import { shortenSendQueues } from './http/server/send-buffer.js';
import type { Descriptors } from './shared/descriptors.js';
import type { Log } from './telemetry/log.js';

/** What the log says of a start: choices that were made, and settings that may bring trouble later. */

/** A missing FFmpeg does not stop the start: `/readyz` and every opening say what is wrong. */
export function logFfmpeg(ffmpeg: Decoding['ffmpeg'], log: Log): void {
  if ('problem' in ffmpeg) log.error({ event: 'ffmpeg_missing' }, ffmpeg.problem);
  else {
    log.info({ event: 'ffmpeg', ...ffmpeg }, `FFmpeg: ${ffmpeg.path}, ${ffmpeg.version}`);
    log.info(
      { event: 'confinement', ...ffmpeg.confinement },
      `each FFmpeg: ${confinementText(ffmpeg.confinement)}`,
    );
  }
}

export function logDecoding({ ffmpeg, pixels }: Decoding, log: Log): void {
  logFfmpeg(ffmpeg, log);
  const how =
    pixels === 'yuv420p' ? 'JPEG from YUV planes' : `JPEG from RGB, which is slower: ${encoderProblem()}`;
  log.info({ event: 'encoder', pixels }, how);
}

export const missingFfmpeg = ({ ffmpeg }: Decoding): readonly string[] =>
  'problem' in ffmpeg ? [ffmpeg.problem] : [];

export function logListening(
  { HOST: host, BASE_PATH: basePath }: Config,
  port: number,
  { secure, asksForTokens }: { readonly secure: boolean; readonly asksForTokens: boolean },
  log: Log,
): void {
  if (!shortenSendQueues(port))
    log.warn({ event: 'long_send_queues' }, 'cannot keep send queues short: slow MJPEG readers see the past');
  log.info({ event: 'listening', host, port, tls: secure }, `listening on ${host}:${port}${basePath}`);
  if (!asksForTokens && !isLoopback(host))
    log.warn(
      { event: 'no_authentication' },
      `ANYONE who reaches ${host}:${port} can watch and make this service dial cameras: set AUTH_TOKENS or AUTH_JWT_SECRET`,
    );
}

const isLoopback = (host: string): boolean => /^(127\.|::1$|localhost$)/.test(host);

/** Some limits only show when the hundredth camera or the thousandth viewer comes. */
export function warnFewDescriptors(
  descriptors: Descriptors,
  { MAX_CAMERAS: maxCameras, MAX_VIEWERS: maxViewers }: Config,
  log: Log,
): void {
  const { limit } = descriptors;
  const needed = descriptors.needed(maxCameras, maxViewers);
  if (limit === null || limit >= needed) return;
  log.warn(
    { event: 'few_descriptors', limit, needed },
    `at most ${limit} files may be open, but MAX_CAMERAS=${maxCameras} and MAX_VIEWERS=${maxViewers} may need ${needed}: ` +
      'raise RLIMIT_NOFILE (ulimit -n, LimitNOFILE=, docker run --ulimit nofile=), or lower them',
  );
}

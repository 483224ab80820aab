import { createAddressPolicy, resolveTarget } from '../../source/address-policy.js';
import type { Config } from '../../config/settings.js';
import { cameraDefaults } from '../../config/cameras-file.js';
import { decodePlan } from '../../decoding/decode-plan.js';
import { advise, coresFor, percent } from './advice.js';
import { clusterStep } from './cluster-step.js';
import { type Picture, takePicture } from './picture.js';
import { resolveStep, surveyStep, type Tell } from './steps.js';
import type { Survey } from './survey.js';
import {
  CAMERA_FAULTS,
  CameraError,
  type CameraErrorCode,
  ConfigError,
  RefusedError,
} from '../../shared/errors.js';
import { findFfmpeg } from '../../decoding/ffmpeg-build.js';
import { confinementText } from '../../decoding/launcher.js';
import { cameraOpener } from '../../decoding/opener.js';
import { redact } from '../../shared/redact.js';
import type { CameraSpec } from '../../config/camera-spec.js';
import { parseRtspUrl } from '../../source/rtsp-url.js';
import { preferredPixels, WorkerPool } from '../../decoding/worker-pool.js';

/** How long frames are counted. */
const MEASURE_MS = 3000;

/** Faults that another transport may get past. */
const TRANSPORT_FAULTS: ReadonlySet<CameraErrorCode> = new Set([
  'protocol',
  'disconnected',
  'open_timeout',
  'stall',
]);

/**
 * `rtsp-stream-ws doctor <name|url>`: opens one camera (its main stream too, where it has one) and prints what happens, step by step,
 * with times and what to change.
 * @param print gets whole lines; no line holds a password
 * @returns whether a picture came, of both streams where there are two
 * @throws ConfigError when there is no such camera, or settings are wrong
 */
export async function runDoctor(
  operand: string,
  config: Config,
  cameras: readonly CameraSpec[],
  print: (line: string) => void,
): Promise<boolean> {
  const spec = findCamera(operand, config, cameras);
  const begin = performance.now();
  const tell: Tell = (step, result) => {
    const ms = Math.round(performance.now() - begin);
    print(redact(`${String(ms).padStart(6)} ms  ${step.padEnd(12)} ${result}`));
  };
  await clusterStep(spec, config, tell);
  const small = await isSeen({ ...spec, isMain: false }, config, tell);
  if (!spec.mainUrl) return small;
  // Also after a failure: which of the two URLs is wrong tells much.
  const main = await isSeen({ ...spec, url: spec.mainUrl, isMain: true }, config, tell);
  return small && main;
}

/** One of a camera's streams. */
interface ExaminedStream extends CameraSpec {
  readonly isMain: boolean;
}

async function isSeen(stream: ExaminedStream, config: Config, tell: Tell): Promise<boolean> {
  try {
    await examine(stream, config, tell);
    return true;
  } catch (error) {
    if (!(error instanceof CameraError)) throw error;
    tell('FAILED', `${error.code}: ${CAMERA_FAULTS[error.code].text}`);
    if (error.detail !== '') tell('', error.detail);
    if (stream.transport === 'udp' && TRANSPORT_FAULTS.has(error.code))
      tell('ADVICE', 'UDP may be blocked or lose packets on the way: set transport to tcp');
    return false;
  }
}

function findCamera(operand: string, config: Config, cameras: readonly CameraSpec[]): CameraSpec {
  const known = cameras.find(({ name }) => name === operand);
  if (known) return known;
  if (!operand.includes(':')) {
    const where =
      config.CONFIG_FILE === '' ? 'CONFIG_FILE is not set' : `${config.CONFIG_FILE} has no such camera`;
    throw new ConfigError([
      `doctor: no camera is named so: ${where}. Give a name of CONFIG_FILE, or an RTSP URL`,
    ]);
  }
  try {
    const { rendition, maxFps, transport } = cameraDefaults(config);
    const url = parseRtspUrl(operand);
    return { name: 'doctor', title: '', url, mainUrl: null, transport, rendition, maxFps, alwaysOn: false };
  } catch (error) {
    if (error instanceof RefusedError) throw new ConfigError([`doctor: ${error.message}`]);
    throw error;
  }
}

async function examine(stream: ExaminedStream, config: Config, tell: Tell): Promise<void> {
  const { url, transport, rendition } = stream;
  const policy = createAddressPolicy({ allow: config.RTSP_ALLOW, deny: config.RTSP_DENY });
  if (policy.problems.length > 0) throw new ConfigError(policy.problems);
  tell(stream.isMain ? 'main_url' : 'url', `${url.toString()}, transport ${transport}`);
  const address = await resolveStep(url, policy, tell);
  const timeouts = { openTimeoutMs: config.OPEN_TIMEOUT_MS, stallTimeoutMs: config.STALL_TIMEOUT_MS };
  const survey = await surveyStep({ url, address, transport, ...timeouts }, tell);

  const ffmpeg = await findFfmpeg(config.FFMPEG_PATH).catch((error: unknown) => {
    throw new CameraError('ffmpeg_missing', error instanceof Error ? error.message : '');
  });
  tell('ffmpeg', `${ffmpeg.path}: ${ffmpeg.version.split(' Copyright')[0] ?? ''}`);
  tell('confined', confinementText(ffmpeg.confinement));
  const pool = new WorkerPool(2, { ffmpegStarted: () => undefined, workerDied: () => undefined });
  try {
    const opener = cameraOpener(stream.name, url, stream, {
      pool,
      ffmpeg: () => Promise.resolve(ffmpeg),
      pixels: preferredPixels(),
      openTimeoutMs: config.OPEN_TIMEOUT_MS,
      stallTimeoutMs: config.STALL_TIMEOUT_MS,
      skipLoopFilter: config.SKIP_LOOP_FILTER === 'on',
      resolve: (target) => resolveTarget(target, policy, () => Promise.resolve([address])),
    });
    const plan = decodePlan([{ rendition, fps: null }], {
      standby: rendition,
      maxFps: null,
      share: 1,
      keyFrames: 'frequent',
    });
    const times = { openMs: config.OPEN_TIMEOUT_MS, measureMs: MEASURE_MS };
    const picture = await takePicture(opener, plan, ffmpeg.path, times);
    tell('picture', `first frame after ${Math.round(picture.firstFrameMs)} ms`);
    report(stream, picture, survey, tell);
  } finally {
    await pool.close();
  }
}

function report(
  { transport, mainUrl, rendition, isMain }: ExaminedStream,
  picture: Picture,
  survey: Survey,
  tell: Tell,
): void {
  const { width, height } = rendition;
  const size = survey.format === null ? 'unknown' : `${survey.format.width}x${survey.format.height}`;
  const rate = survey.kbitPerSecond === null ? '' : `, ${Math.round(survey.kbitPerSecond)} kbit/s`;
  tell('stream', `${survey.format?.codec ?? 'unknown codec'}, ${size}${rate}`);
  const sent = survey.fps === null ? 'unknown' : survey.fps.toFixed(1);
  const shown = picture.fps === null ? 'unknown' : picture.fps.toFixed(1);
  tell('fps', `the camera sends ${sent}, the service shows ${shown}`);
  tell('key frames', keyFrameText(survey));
  tell('jpeg', `${width}x${height}: ${Math.round(picture.jpegBytes / 1024)} KB a frame`);
  const decode = picture.decodeMs === null ? 'unknown' : `${picture.decodeMs.toFixed(1)} ms`;
  tell('cost', `a frame: FFmpeg ${decode} of a core, JPEG ${picture.encodeMs.toFixed(1)} ms`);
  const cores = coresFor({ picture, survey });
  if (cores !== null && cores > 0)
    tell('', `at this rate ${percent(cores)} of a core: ${Math.floor(1 / cores)} such cameras fill one`);
  const role = isMain ? 'main' : mainUrl ? 'beside main' : 'only';
  const advice = advise({ transport, role, wanted: rendition, picture, survey });
  for (const line of advice) tell('ADVICE', line);
  if (advice.length === 0) tell('ADVICE', 'nothing to change');
}

function keyFrameText({ keyFrameSeconds, seconds, fps }: Survey): string {
  if (keyFrameSeconds !== null && fps !== null && keyFrameSeconds * fps < 1.5) return 'every frame';
  if (keyFrameSeconds !== null) return `one every ${keyFrameSeconds.toFixed(1)} s`;
  return seconds > 0 ? `unknown: no two in ${seconds.toFixed(0)} s` : 'unknown';
}

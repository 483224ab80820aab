import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { CAMERA_STATES } from '../shared/camera-state.js';
import { CAMERA_FAULTS } from '../shared/errors.js';

/** Prefix of every metric of this service; prom-client's process metrics keep their own names. */
const P = 'rtsp_ws_';

/** Makers of metrics that carry the prefix and are in the registry. */
const makers = (registry: Registry) => ({
  counter: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: P + name, help, labelNames, registers: [registry] }),
  gauge: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: P + name, help, labelNames, registers: [registry] }),
  histogram: (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: P + name, help, buckets, registers: [registry] }),
});

/** prom-client's own metrics of the process. */
function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // Gauges with a counter's ending; the same figures are in `nodejs_active_handles` and its like.
  for (const name of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${name}_total`);
  return registry;
}

/** Of video that viewers get as the camera sends it. */
function videoMetrics(registry: Registry) {
  const { counter, gauge } = makers(registry);
  return {
    wallTiles: gauge('wall_tiles', 'Tiles of walls now, by what they are sent', ['form']),
    videoFallbacks: counter(
      'video_fallbacks_total',
      'Tiles that were given JPEG instead of video, by reason',
      ['reason'],
    ),
    unitsSent: counter('units_sent_total', 'Access units sent to viewers as the camera sent them'),
    unitsSkipped: counter('units_skipped_total', 'Access units that slow viewers were not sent'),
    videoBytes: counter('video_bytes_total', 'Bytes of access units sent to viewers'),
  };
}

/** Every metric, declared once. Seconds and bytes, as Prometheus wants them; `camera` is the only label that users name. */
export function createMetrics() {
  const registry = createRegistry();
  const { counter, gauge, histogram } = makers(registry);
  return {
    registry,
    framesDecoded: counter('frames_decoded_total', 'Whole frames out of FFmpeg', ['camera']),
    framesEncoded: counter('frames_encoded_total', 'JPEGs made', ['camera']),
    framesPublished: counter('frames_published_total', 'JPEGs handed to viewers, once however many', [
      'camera',
    ]),
    framesDropped: counter('frames_dropped_total', 'Frames that a newer one replaced, by where', [
      'camera',
      'stage',
    ]),
    partialFrames: counter('partial_frames_total', 'Unfinished frames thrown away', ['camera']),
    encodeErrors: counter('encode_errors_total', 'Frames that could not be encoded', ['camera']),
    publishedBytes: counter('published_bytes_total', 'Bytes of published JPEGs, once however many viewers', [
      'camera',
    ]),
    cameraState: gauge('camera_state', '1 for the state that the camera is in', ['camera', 'state']),
    cameraDegraded: gauge(
      'camera_degraded',
      '0 all pictures, 1 three quarters of them or more, 2 fewer, 3 key frames only',
      ['camera'],
    ),
    reconnects: counter('reconnects_total', 'Camera runs that ended on their own, by reason', [
      'camera',
      'reason',
    ]),
    ffmpegStarts: counter('ffmpeg_starts_total', 'FFmpeg processes started', ['camera']),
    workerRestarts: counter('worker_restarts_total', 'Worker threads that died'),
    viewers: gauge('viewers', 'Viewers now, by how they are sent frames', ['mode']),
    modeChanges: counter('viewer_mode_changes_total', 'Viewers that changed mode', ['to']),
    slowViewers: counter('slow_viewers_total', 'Viewers closed because they answered nothing for too long'),
    framesSkipped: counter('frames_skipped_total', 'Frames that slow viewers were not sent'),
    ...videoMetrics(registry),
    rejected: counter('rejected_total', 'Viewers and requests turned away, by reason', ['reason']),
    logLinesDropped: counter(
      'log_lines_dropped_total',
      'Log lines thrown away because nobody reads the log, or its disk is full',
    ),
    encodeSeconds: histogram(
      'encode_seconds',
      'Time to encode a JPEG',
      [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05],
    ),
    frameAge: histogram(
      'frame_age_seconds',
      'Age of a frame when published, since it came whole out of FFmpeg',
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    ),
    viewerLag: histogram(
      'viewer_lag_seconds',
      'Answer time of viewers over their own smallest round trip',
      [0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 15],
    ),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Where a frame can be replaced by a newer one on its way. */
export const DROP_STAGES = ['encode', 'hand_over'] as const;

/** Forgets what is only true of a camera that runs. */
export function forgetCameraState(metrics: Metrics, camera: string): void {
  metrics.cameraDegraded.remove({ camera });
  for (const state of CAMERA_STATES) metrics.cameraState.remove({ camera, state });
}

/** Forgets all of a camera's series. */
export function forgetCamera(metrics: Metrics, camera: string): void {
  for (const metric of [
    metrics.framesDecoded,
    metrics.framesEncoded,
    metrics.framesPublished,
    metrics.partialFrames,
    metrics.encodeErrors,
    metrics.publishedBytes,
    metrics.ffmpegStarts,
  ])
    metric.remove({ camera });
  forgetCameraState(metrics, camera);
  for (const stage of DROP_STAGES) metrics.framesDropped.remove({ camera, stage });
  for (const reason of Object.keys(CAMERA_FAULTS)) metrics.reconnects.remove({ camera, reason });
}

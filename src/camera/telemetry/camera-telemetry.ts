import type { MetricSeries } from './metric-series.js';
import { CAMERA_STATES, type CameraStatus } from '../../shared/camera-state.js';
import { epochMs } from '../../shared/clock.js';
import type { Degradation } from '../../decoding/decode-plan.js';
import { CAMERA_FAULTS, type CameraErrorCode } from '../../shared/errors.js';
import type { Log } from '../../telemetry/log.js';
import type { Metrics } from '../../telemetry/metrics.js';
import type { RunCounters } from '../../shared/worker-protocol.js';
import type { Frame } from '../publisher.js';

/** What one camera leaves in metrics and log. */
export class CameraTelemetry {
  #last: CameraStatus | null = null;

  constructor(
    private readonly camera: string,
    private readonly metrics: Metrics,
    private readonly log: Log,
    private readonly series: Pick<MetricSeries, 'started' | 'stopped'>,
  ) {}

  state(status: CameraStatus): void {
    const { camera } = this;
    const last = this.#last;
    this.#last = status;
    // How old a picture may be changes more often than the state does, and is for viewers only.
    if (last?.state === status.state && last.reason === status.reason && last.since === status.since) return;
    for (const state of CAMERA_STATES)
      this.metrics.cameraState.set({ camera, state }, state === status.state ? 1 : 0);
    this.log.info({ event: 'camera_state', camera, ...status }, `${camera}: ${status.state}`);
  }

  failure(code: CameraErrorCode, detail: string, retryInMs: number): void {
    const { camera } = this;
    this.metrics.reconnects.inc({ camera, reason: code });
    this.log.warn(
      { event: 'camera_failed', camera, code, detail, retryInMs },
      `${camera}: ${CAMERA_FAULTS[code].text}`,
    );
  }

  encoded(encodeMs: number): void {
    this.metrics.encodeSeconds.observe(encodeMs / 1000);
  }

  published(frame: Frame): void {
    const { camera, metrics } = this;
    metrics.framesPublished.inc({ camera });
    metrics.publishedBytes.inc({ camera }, frame.jpeg.byteLength);
    metrics.frameAge.observe(Math.max(0, epochMs() - frame.capturedAt) / 1000);
  }

  counted(counters: RunCounters): void {
    const { camera, metrics } = this;
    metrics.framesDecoded.inc({ camera }, counters.decoded);
    metrics.framesEncoded.inc({ camera }, counters.encoded);
    metrics.framesDropped.inc({ camera, stage: 'encode' }, counters.droppedBeforeEncode);
    metrics.framesDropped.inc({ camera, stage: 'hand_over' }, counters.droppedInFlight);
    metrics.partialFrames.inc({ camera }, counters.partialFrames);
    metrics.encodeErrors.inc({ camera }, counters.encodeErrors);
  }

  degraded(level: Degradation): void {
    this.metrics.cameraDegraded.set({ camera: this.camera }, level);
  }

  started(): void {
    this.series.started(this.camera);
  }

  stopped(): void {
    this.#last = null;
    this.series.stopped(this.camera);
  }
}

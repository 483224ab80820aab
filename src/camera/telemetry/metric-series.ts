import { forgetCamera, forgetCameraState, type Metrics } from '../../telemetry/metrics.js';

/** Names of stopped cameras whose counters are kept: a dozen series each. */
const KEPT_CAMERAS = 1000;

/**
 * How long the series of a camera live. Its state ends with its run. Its counters stay, so that they never go backwards while the
 * process lives; only when very many cameras have stopped since is the one that stopped first forgotten, because ad-hoc names would
 * pile up over weeks. A configured camera is never forgotten.
 */
export class MetricSeries {
  /** Oldest first. */
  readonly #stopped = new Set<string>();

  constructor(
    private readonly metrics: Metrics,
    private readonly isConfigured: (camera: string) => boolean,
    private readonly kept = KEPT_CAMERAS,
  ) {}

  started(camera: string): void {
    this.#stopped.delete(camera);
  }

  stopped(camera: string): void {
    forgetCameraState(this.metrics, camera);
    this.#stopped.add(camera);
    if (this.#stopped.size <= this.kept) return;
    for (const oldest of this.#stopped) {
      if (this.isConfigured(oldest)) continue;
      this.#stopped.delete(oldest);
      forgetCamera(this.metrics, oldest);
      return;
    }
  }
}

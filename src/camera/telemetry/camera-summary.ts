import type { CameraSpec } from '../../config/camera-spec.js';
import type { Degradation } from '../../decoding/decode-plan.js';
import type { CameraState } from '../../shared/camera-state.js';
import type { CameraErrorCode } from '../../shared/errors.js';
import type { Camera } from '../camera.js';

/** One camera in `/api/cameras`. No address: a browser never learns where a camera is. */
export interface CameraSummary {
  readonly camera: string;
  readonly title: string;
  readonly state: CameraState;
  readonly reason: CameraErrorCode | null;
  /** Unix epoch, ms. */
  readonly since: number;
  readonly configured: boolean;
  /** Names that it had in CONFIG_FILE before, since the start of this service; left out when there are none. */
  readonly formerNames?: readonly string[];
  readonly hasMain: boolean;
  readonly viewers: number;
  readonly degraded: Degradation;
  /** Age of the newest frame, ms. */
  readonly frameAgeMs: number | null;
  /** The node of the cluster that decodes it; `null` when none does, left out on a single node. */
  readonly node?: string | null;
}

/**
 * @param spec `null` for a camera that is not configured
 * @param formerNames that it had in CONFIG_FILE
 * @param small the running camera of its small stream, `main` that of its main stream
 * @param now Unix epoch, ms
 */
export function summaryOf(
  name: string,
  spec: CameraSpec | null,
  formerNames: readonly string[],
  small: Camera | null,
  main: Camera | null,
  now: number,
): CameraSummary {
  const lastFrameAt = small?.lastFrameAt ?? null;
  return {
    camera: name,
    title: spec?.title ?? name,
    ...(small?.status ?? { state: 'idle', reason: null, since: 0 }),
    configured: spec !== null,
    ...(formerNames.length > 0 ? { formerNames } : {}),
    hasMain: (spec?.mainUrl ?? null) !== null,
    viewers: (small?.viewers ?? 0) + (main?.viewers ?? 0),
    degraded: small?.degradation ?? 0,
    frameAgeMs: lastFrameAt === null ? null : Math.max(0, Math.round(now - lastFrameAt)),
  };
}

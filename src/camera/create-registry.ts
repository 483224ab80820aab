import { snapToLadder } from '../decoding/decode-plan.js';
import type { Transport } from '../shared/worker-protocol.js';
import { ConnectGate } from './life/connect-gate.js';
import { Registry, type RegistryDeps } from './registry.js';

export interface CameraSettings {
  readonly MAX_CAMERAS: number;
  readonly MAX_CONNECTING: number;
  readonly ADHOC_RTSP: 'on' | 'off';
  readonly RTSP_TRANSPORT: Transport;
  readonly FRAME_WIDTH: number;
  readonly FRAME_HEIGHT: number;
  readonly JPEG_QUALITY: number;
  readonly MAX_FPS: number;
  readonly SIZE_LADDER: readonly { readonly width: number; readonly height: number }[];
  readonly LINGER_MS: number;
  readonly OPEN_TIMEOUT_MS: number;
  readonly STALL_TIMEOUT_MS: number;
  readonly FROZEN_AFTER_MS: number;
  readonly RETRY_MIN_MS: number;
  readonly RETRY_MAX_MS: number;
  readonly AUTH_HOLD_MS: number;
}

/** The cameras, none of them running yet. */
export function createRegistry(settings: CameraSettings, deps: Omit<RegistryDeps, 'gate'>): Registry {
  const defaultSize = { width: settings.FRAME_WIDTH, height: settings.FRAME_HEIGHT };
  const offered = [defaultSize, ...settings.SIZE_LADDER];
  return new Registry(
    {
      maxCameras: settings.MAX_CAMERAS,
      adhoc: settings.ADHOC_RTSP === 'on',
      transport: settings.RTSP_TRANSPORT,
      defaultRendition: { ...defaultSize, quality: settings.JPEG_QUALITY },
      maxFps: settings.MAX_FPS === 0 ? null : settings.MAX_FPS,
      lingerMs: settings.LINGER_MS,
      times: {
        openMs: settings.OPEN_TIMEOUT_MS,
        stallMs: settings.STALL_TIMEOUT_MS,
        frozenAfterMs: settings.FROZEN_AFTER_MS,
        minMs: settings.RETRY_MIN_MS,
        maxMs: settings.RETRY_MAX_MS,
        holdMs: settings.AUTH_HOLD_MS,
      },
      offeredSize: (want) => snapToLadder(want, offered),
    },
    { ...deps, gate: new ConnectGate(settings.MAX_CONNECTING, deps.clock) },
  );
}

import type { CameraStatus } from '../shared/camera-state.js';
import type { PassedFormat } from '../shared/worker-protocol.js';

/** The text messages of `/ws?events=1`. PROTOCOL.md is their prose. */

export function stateEvent(camera: string, { state, reason, since }: CameraStatus): string {
  return JSON.stringify({ type: 'state', camera, state, ...(reason ? { reason } : {}), since });
}

/** What the next access units are. */
export function videoEvent(camera: string, format: PassedFormat): string {
  const { codec: form, codecString: codec, ...rest } = format;
  return JSON.stringify({ type: 'video', camera, form, codec, ...rest });
}

import type { StreamRequest } from '../camera/registry.js';
import type { ViewerRequest } from './viewer-request.js';

/** The query of `/ws`, `/snapshot` or `/stream.mjpeg` as the registry wants it; only `/wall` asks for main streams. */
export const streamRequest = (request: ViewerRequest): StreamRequest => ({
  camera: request.camera,
  url: request.rtsp ?? null,
  main: false,
  width: request.width ?? null,
  height: request.height ?? null,
  quality: request.quality ?? null,
  fps: request.fps ?? null,
});

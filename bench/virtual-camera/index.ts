/** Virtual RTSP cameras for tests and benches. */
export { startCameras } from './cameras.js';
export { spawnCameras, type SpawnedCameras } from './spawn.js';
export { AUTH_MODES, PATTERNS, type AuthMode, type CameraOptions, type Pattern } from './options.js';
export { OptionsError } from './parse.js';
export type { SentFrame } from './sent-log.js';
export type { CameraStatus, VirtualCameras } from './virtual-cameras.js';

/**
 * Every failure that a person or a program outside can see: one table of camera faults, one of viewer refusals.
 * The `code` is stable: log lines, metrics, `/api/cameras`, events and HTTP answers all use it. Match on it, not on text.
 */

/** How long a supervisor waits before the next try: growing backoff, or the long hold for refused credentials. */
export type RetryPolicy = 'backoff' | 'hold';

interface CameraFault {
  /** WebSocket close code for viewers that wait for a first opening. */
  readonly close: 4401 | 4403 | 4404 | 4502 | 4504;
  /** HTTP status of a picture that cannot be given for it. */
  readonly status: 403 | 500 | 502 | 504;
  /** What happened, then what to do. With the camera's name before it, it fits a close reason (123 bytes). */
  readonly text: string;
  readonly retry: RetryPolicy;
}

const fault = (
  close: CameraFault['close'],
  status: CameraFault['status'],
  text: string,
  retry: RetryPolicy = 'backoff',
): CameraFault => ({
  close,
  status,
  text,
  retry,
});

/** Why a camera run ended. */
export const CAMERA_FAULTS = {
  refused: fault(4502, 502, 'connection refused: check address and port'),
  unreachable: fault(4502, 502, 'host cannot be reached: check address and network'),
  dns: fault(4502, 502, 'cannot resolve the host name: check its spelling'),
  open_timeout: fault(4504, 504, 'opened but sent no frame in time'),
  no_key_frame: fault(4504, 504, 'sends video, but no key frame yet: shorten its key-frame interval'),
  stall: fault(4504, 504, 'stopped sending frames'),
  unauthorized: fault(4401, 502, 'camera refused user/password: check the URL', 'hold'),
  forbidden: fault(4401, 502, 'camera forbids this user the stream: check its rights', 'hold'),
  not_found: fault(4404, 502, 'camera has no such stream: check the path of the URL'),
  busy: fault(4502, 502, 'camera has no bandwidth or session left (453): close other clients'),
  unavailable: fault(4502, 502, 'camera answers that its service is unavailable (503)'),
  redirected: fault(4403, 403, 'camera redirects to another address: use that URL if you trust it'),
  target_denied: fault(4403, 403, 'target address is not allowed: see RTSP_ALLOW and RTSP_DENY'),
  protocol: fault(4502, 502, 'answer is not usable RTSP: check URL and transport'),
  disconnected: fault(4502, 502, 'camera closed the connection'),
  no_video: fault(4502, 502, 'stream has no video that can be decoded: check its path and codec'),
  bad_data: fault(4502, 502, 'video data cannot be decoded'),
  ffmpeg_missing: fault(4502, 502, 'FFmpeg cannot be started: check FFMPEG_PATH'),
  no_process: fault(
    4502,
    502,
    'no decoder could be started: the limit of processes, files or memory is reached',
  ),
  ffmpeg_crashed: fault(4502, 502, 'FFmpeg crashed'),
  ffmpeg_failed: fault(4502, 502, 'FFmpeg failed: see the log'),
  worker_died: fault(4502, 502, 'worker thread died'),
  internal: fault(4502, 500, 'internal error of the service: see its log'),
  no_owner: fault(4502, 502, 'no node of the cluster can open this camera now'),
} as const satisfies Record<string, CameraFault>;

export type CameraErrorCode = keyof typeof CAMERA_FAULTS;

interface Refusal {
  /** WebSocket close code (PROTOCOL.md). */
  readonly close: 1001 | 1012 | 4400 | 4401 | 4403 | 4404 | 4408 | 4409 | 4429 | 4503;
  /** HTTP status of the same refusal on a plain request. */
  readonly status: 400 | 401 | 403 | 404 | 408 | 409 | 429 | 503;
}

/** Why a viewer or a request is turned away. */
export const REFUSALS = {
  bad_parameter: { close: 4400, status: 400 },
  /** A viewer asks for video in a codec that the camera does not send. */
  codec_mismatch: { close: 4400, status: 400 },
  unauthenticated: { close: 4401, status: 401 },
  camera_not_allowed: { close: 4403, status: 403 },
  view_not_allowed: { close: 4403, status: 403 },
  origin_denied: { close: 4403, status: 403 },
  target_denied: { close: 4403, status: 403 },
  adhoc_off: { close: 4403, status: 403 },
  no_such_camera: { close: 4404, status: 404 },
  /** A camera of CONFIG_FILE had this name before. */
  camera_renamed: { close: 4404, status: 404 },
  too_slow: { close: 4408, status: 408 },
  name_in_use: { close: 4409, status: 409 },
  too_many_viewers: { close: 4429, status: 429 },
  too_many_connections: { close: 4429, status: 429 },
  /** Wrong tokens, from one address. */
  too_many_failures: { close: 4429, status: 429 },
  too_many_messages: { close: 4429, status: 429 },
  /** Sizes and qualities of one camera, each of which is encoded for itself. */
  too_many_renditions: { close: 4429, status: 429 },
  at_capacity: { close: 4503, status: 503 },
  /** Those of JWT_JWKS_URL: whether a token is right cannot be told now. */
  keys_unavailable: { close: 4503, status: 503 },
  /** The camera was changed in CONFIG_FILE, or taken out of it: who connects again gets what holds now. */
  reconfigured: { close: 1012, status: 503 },
  shutting_down: { close: 1001, status: 503 },
} as const satisfies Record<string, Refusal>;

export type RefusalCode = keyof typeof REFUSALS;

/** Why CONFIG_FILE is not changed: code, and HTTP status. */
const EDIT_ERRORS = {
  not_admin: 403,
  /** The file holds what is better not changed by a program. */
  edit_by_hand: 409,
  /** The file is not valid as it stands. */
  file_invalid: 409,
  file_not_writable: 409,
  /** It is not the file any more that the client has seen. */
  file_changed: 412,
  body_too_large: 413,
  not_json: 415,
  revision_missing: 428,
} as const satisfies Record<string, number>;

export type EditErrorCode = keyof typeof EDIT_ERRORS;

/** Base of every error that this service raises on purpose. */
export abstract class ServiceError extends Error {
  abstract readonly code: string;
  /** WebSocket close code. */
  abstract readonly close: number;
  /** HTTP status of a plain request that fails so. */
  abstract readonly status: number;
}

/** A camera run ended, or could not begin. `detail` is redacted text for logs. */
export class CameraError extends ServiceError {
  override readonly name = 'CameraError';
  constructor(
    readonly code: CameraErrorCode,
    readonly detail = '',
  ) {
    super(CAMERA_FAULTS[code].text);
  }
  get close(): number {
    return CAMERA_FAULTS[this.code].close;
  }
  get status(): number {
    return CAMERA_FAULTS[this.code].status;
  }
}

/** A viewer or request is refused. `message` is shown to the person: it says what is wrong and what to do. */
export class RefusedError extends ServiceError {
  override readonly name = 'RefusedError';
  constructor(
    readonly code: RefusalCode,
    message: string,
  ) {
    super(message);
  }
  get close(): number {
    return REFUSALS[this.code].close;
  }
  get status(): number {
    return REFUSALS[this.code].status;
  }
}

/** CONFIG_FILE is not changed. `message` is shown to the person: it says what is wrong and what to do. */
export class EditError extends ServiceError {
  override readonly name = 'EditError';
  readonly close = 1008;
  constructor(
    readonly code: EditErrorCode,
    message: string,
  ) {
    super(message);
  }
  get status(): number {
    return EDIT_ERRORS[this.code];
  }
}

/** A parameter of a request is wrong; `message` names it and says what it must be. */
export const badParameter = (message: string): RefusedError => new RefusedError('bad_parameter', message);

/** The service cannot start with these settings. `problems` has one line for each wrong key. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

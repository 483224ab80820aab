/** Cameras that a person added by their address: kept in this tab's session, because addresses hold passwords. */

export interface AdhocCamera {
  readonly camera: string;
  readonly title: string;
  readonly rtsp: string;
}

const KEY = 'rtsp-stream-ws.cameras';

const isAdhoc = (value: unknown): value is AdhocCamera =>
  typeof value === 'object' &&
  value !== null &&
  ['camera', 'title', 'rtsp'].every((field) => typeof Reflect.get(value, field) === 'string');

export function loadAdhoc(): AdhocCamera[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isAdhoc) : [];
  } catch {
    return [];
  }
}

/** Without storage (a private window that forbids it) they last as long as the page. */
export function saveAdhoc(cameras: readonly AdhocCamera[]): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(cameras));
  } catch {
    return;
  }
}

import type { Contacts } from './camera.js';
import type { CameraOptions } from './options.js';
import type { SentFrame } from './sent-log.js';
import { urlHost } from './url-host.js';

/** What the control server tells of a camera. */
export interface CameraStatus {
  readonly name: string;
  /** Without credentials. */
  readonly url: string;
  readonly path: string;
  /** `away`: its port is closed, by `refuse` or `gone`. */
  readonly state: 'listening' | 'away';
  readonly fault: string | null;
  /** Clients that play. */
  readonly clients: number;
  readonly contacts: Readonly<Contacts>;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly gop: number;
  /** Modulus of the numbers in the picture. */
  readonly clipFrames: number;
}

/** A set of running cameras, in this process or in one of its own. */
export interface VirtualCameras {
  readonly options: CameraOptions;
  /** RTSP URLs, with the credentials if there are any. */
  readonly urls: readonly string[];
  /** Base URL of the control server, without a slash at its end. */
  readonly control: string;
  /** @param index from 0. @throws RangeError */
  url(index: number): string;
  /**
   * Sets a camera's fault (faults.ts), or clears it with null; in force when the promise is fulfilled.
   * @param name a camera's, or `*` for all.
   */
  fault(name: string, fault: string | null): Promise<void>;
  /** When the pictures from absolute number `from` on were sent: the newest 4096 are remembered. */
  sent(name: string, from?: number): Promise<SentFrame[]>;
  list(): Promise<CameraStatus[]>;
  stop(): Promise<void>;
}

/** URL of a camera, with credentials where the cameras ask for them. */
export function rtspUrl(
  options: Pick<CameraOptions, 'auth' | 'user' | 'password' | 'host'>,
  port: number,
  name: string,
): string {
  const secret = `${encodeURIComponent(options.user)}:${encodeURIComponent(options.password)}@`;
  return `rtsp://${options.auth === 'none' ? '' : secret}${urlHost(options.host)}:${port}/${name}`;
}

import { readdirSync, readlinkSync } from 'node:fs';
import { openPipe, type Pipe, resizePipe, unreadBytes } from './pipe.js';

/**
 * Stops FFmpeg at a redirect before it dials: on its own it follows wherever a camera sends it, past the address policy,
 * and repeats the camera's credentials there (seen with FFmpeg 4.1-dev and 5.1; no option forbids it).
 *
 * FFmpeg says `[rtsp @ 0x...] `, `[info] `, `Status 302: Redirecting to ...` in three writes before it dials. Its stderr is
 * a pipe of one packet here, so while the second part lies unread, FFmpeg waits in its third write. That part is known by its
 * length. What else the RTSP demuxer says on level `info` (4.1-dev: `decoding for stream 0 failed`) it says with the camera on
 * the line; before it follows a redirect it has hung up, and has no socket at all.
 */

/** Length of `[info] `. The names of all other levels are longer. */
const INFO_BYTES = 7;
const DEMUXER = /^\[rtsp @ \w+\] $/;
/** FFmpeg's next write follows within microseconds. */
const LOOK_EVERY_MS = 1;
/** One packet of O_DIRECT pipes is one page. */
const ONE_PACKET = 4096;
/** Room for FFmpeg's warnings once pictures come, so that it need not wait for each to be read. */
const ROOMY = 64 * ONE_PACKET;

/** A pipe for FFmpeg's stderr that holds one write at a time, or `null` where FFI or kernel have none. */
export function openGuardedPipe(): Pipe | null {
  try {
    return openPipe(ONE_PACKET, 'packets');
  } catch {
    return null;
  }
}

export class RedirectGuard {
  #armed = true;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param pid FFmpeg's
   * @param readFd its stderr
   * @param reading stops and starts the reading of it
   * @param redirected called once, while FFmpeg still waits
   */
  constructor(
    private readonly pid: number,
    private readonly readFd: number,
    private readonly reading: { pause(): void; resume(): void },
    private readonly redirected: () => void,
  ) {}

  /** To be called with each write of FFmpeg's, as it was read. */
  wrote(text: string): void {
    if (!this.#armed || !DEMUXER.test(text)) return;
    this.reading.pause();
    this.#look();
  }

  /** A picture came, and redirects come only before; or the process is gone. */
  disarm(): void {
    if (!this.#armed) return;
    this.#armed = false;
    clearTimeout(this.#timer);
    resizePipe(this.readFd, ROOMY);
    this.reading.resume();
  }

  #look(): void {
    const bytes = unreadBytes(this.readFd);
    if (bytes === 0) this.#timer = setTimeout(() => this.#look(), LOOK_EVERY_MS);
    else if (bytes === INFO_BYTES && !hasSocket(this.pid)) this.redirected();
    else this.reading.resume();
  }
}

/** Where /proc cannot be read, the process counts as connected: then its own line about the redirect ends it. */
function hasSocket(pid: number): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`).startsWith('socket:'));
  } catch {
    return true;
  }
}

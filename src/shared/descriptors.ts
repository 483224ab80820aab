import { closeSync, openSync, readFileSync } from 'node:fs';

/**
 * Descriptors of a running camera: its worker's event loop, FFmpeg's pipes, the connection to the camera, and as much again while
 * one decoder takes the place of another. Measured 8 to 12 with one output.
 */
const PER_CAMERA = 16;

/** What the process has open without cameras and viewers (20), and room for what it opens for a moment. */
const OWN = 64;

/** Descriptors that are kept free for whatever is open already: a camera that runs may need some to go on. */
const KEPT_FREE = 48;

/** How many files this process may open: what is left of them tells whether another connection or camera may come. */
export class Descriptors {
  /**
   * @param limit `null` where it cannot be told: then there is always room
   * @param lowestFree the lowest free descriptor: all below it are taken, so it is a lower bound of what is open
   */
  constructor(
    readonly limit: number | null = softLimit(),
    private readonly lowestFree: () => number = probe,
  ) {}

  /** What all cameras and viewers may need at once. */
  needed(maxCameras: number, maxViewers: number): number {
    return OWN + maxCameras * PER_CAMERA + maxViewers;
  }

  /** Whether a connection may stay: what the cameras may still need is kept for them, up to half of all. */
  hasRoomForConnection(maxCameras: number): boolean {
    return this.#hasFree((limit) => Math.min(limit / 2, KEPT_FREE + maxCameras * PER_CAMERA));
  }

  hasRoomForCamera(): boolean {
    return this.#hasFree(() => KEPT_FREE + PER_CAMERA);
  }

  /** Whether the listening socket can still accept: without a free descriptor it would be asked again and again. */
  hasRoomToListen(): boolean {
    return this.#hasFree(() => KEPT_FREE / 2);
  }

  #hasFree(wanted: (limit: number) => number): boolean {
    return this.limit === null || this.lowestFree() < this.limit - wanted(this.limit);
  }
}

function probe(): number {
  try {
    const descriptor = openSync('/dev/null', 'r');
    closeSync(descriptor);
    return descriptor;
  } catch {
    return Infinity;
  }
}

/** RLIMIT_NOFILE. Node raises the soft limit to the hard one when it starts. */
function softLimit(): number | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}

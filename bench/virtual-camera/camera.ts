import { epochMs } from '../../src/shared/clock.js';
import type { Clip } from './clip.js';
import type { Fault } from './faults.js';
import { garbagePicture } from './garbage.js';
import { CLOCK_RATE, type PacketTemplate } from './rtp.js';
import { SentLog } from './sent-log.js';
import type { Viewer } from './viewer.js';

/** How often a camera was contacted since it began. */
export interface Contacts {
  /** TCP connections: with a port of its own as accepted, on a shared port as soon as a request names the camera. */
  connections: number;
  describes: number;
}

/**
 * One camera: which picture is due when, and who gets it.
 *
 * Pictures are counted from `first` without end ("absolute"); the picture shows that count modulo the clip's length.
 * Picture k is due at `epoch + k / fps`, computed anew each time, so that no error adds up.
 */
export class Camera {
  readonly name: string;
  readonly contacts: Contacts = { connections: 0, describes: 0 };
  readonly sent = new SentLog();
  fault: Fault | null = null;
  readonly #viewers = new Set<Viewer>();
  readonly #frameMs: number;
  /** Monotonic ms at which the picture with absolute number 0 was due. */
  readonly #epoch: number;
  #clip: Clip;
  /** What is sent from the next key frame on. */
  #nextClip: Clip;
  #frozen: PacketTemplate | null = null;
  #lastAbsolute = -1;

  /**
   * @param epoch monotonic ms (`performance.now()`); may lie in the past, then numbers begin above 0.
   */
  constructor(name: string, clip: Clip, epoch: number) {
    this.name = name;
    this.#clip = clip;
    this.#nextClip = clip;
    this.#epoch = epoch;
    this.#frameMs = 1000 / clip.spec.fps;
  }

  /** What a session description shows now. */
  get clip(): Clip {
    return this.#nextClip;
  }

  get clients(): number {
    return this.#viewers.size;
  }

  /** Another picture size from the next key frame on. Frame rate, key frame distance and length must be the same. */
  switchClip(clip: Clip): void {
    this.#nextClip = clip;
  }

  add(viewer: Viewer, now = performance.now()): void {
    // With nobody watching, pictures were not sent but went by all the same.
    if (this.#viewers.size === 0) this.#lastAbsolute = this.#current(now);
    this.#viewers.add(viewer);
  }

  remove(viewer: Viewer): void {
    this.#viewers.delete(viewer);
  }

  /** 90 kHz ticks of the next key frame: where a viewer that is added now begins. */
  nextKeyTicks(now = performance.now()): number {
    const { gop } = this.#clip.spec;
    return this.#ticks(Math.ceil((this.#current(now) + 1) / gop) * gop);
  }

  /** Monotonic ms at which the next picture must go out; Infinity without viewers. */
  get dueAt(): number {
    return this.#viewers.size === 0 ? Infinity : this.#epoch + (this.#lastAbsolute + 1) * this.#frameMs;
  }

  /** Sends what is due. After more than a second of standstill, what was missed is left out as far as the last second. */
  advance(now: number): void {
    const current = this.#current(now);
    const { fps } = this.#clip.spec;
    this.#lastAbsolute = Math.max(this.#lastAbsolute, current - fps);
    while (this.#lastAbsolute < current) {
      this.#lastAbsolute++;
      this.#send(this.#lastAbsolute);
    }
  }

  #current(now: number): number {
    return Math.floor((now - this.#epoch) / this.#frameMs);
  }

  #ticks(absolute: number): number {
    return Math.round((absolute * CLOCK_RATE) / this.#clip.spec.fps);
  }

  #send(absolute: number): void {
    const isKey = absolute % this.#clip.spec.gop === 0;
    if (isKey) this.#clip = this.#nextClip;
    const scheduled = this.#clip.pictures[absolute % this.#clip.pictures.length];
    if (scheduled === undefined) return;
    const template = this.#choose(scheduled, isKey);
    const picture = {
      template,
      isKey: isKey || template === this.#frozen,
      ticks: this.#ticks(absolute),
      epochMs: epochMs(),
    };
    let isSent = false;
    for (const viewer of this.#viewers) isSent = viewer.deliver(picture, this.fault) || isSent;
    if (isSent && template === scheduled) this.sent.record(absolute, picture.epochMs);
  }

  /** The scheduled picture, or what the fault puts in its place. A freeze begins and ends with a key frame. */
  #choose(scheduled: PacketTemplate, isKey: boolean): PacketTemplate {
    if (this.fault?.kind === 'garbage') return garbagePicture();
    if (isKey) this.#frozen = this.fault?.kind === 'freeze' ? (this.#frozen ?? scheduled) : null;
    return this.#frozen ?? scheduled;
  }
}

import { randomInt } from 'node:crypto';
import type { Fault } from './faults.js';
import { INTERLEAVED_HEADER, packetsOf, senderReport, stamp, type PacketTemplate } from './rtp.js';
import type { MediaSink } from './sink.js';

/** One picture on its way to every viewer of a camera. */
export interface Picture {
  readonly template: PacketTemplate;
  readonly isKey: boolean;
  /** Ticks of 90 kHz since the camera began. */
  readonly ticks: number;
  /** When it is sent: Unix epoch, ms with fraction. */
  readonly epochMs: number;
}

/**
 * Bytes that may wait in this process for a viewer that does not read; beyond it the viewer gets nothing until the next
 * key frame finds the queue shorter. The kernel holds more: on Linux some 2.5-4 MB of loopback buffers fill up first,
 * as a real camera's do. So a viewer that stops reading is first seen here some 40-60 s of a 500 kbit/s stream later.
 */
export const MAX_BACKLOG = 2 * 1024 * 1024;

const REPORT_INTERVAL_MS = 5000;

/** One playing client: its RTP state, and what a fault does to its packets. */
export class Viewer {
  readonly ssrc = randomInt(2 ** 32 - 1);
  readonly #sink: MediaSink;
  readonly #tickBase = randomInt(2 ** 32 - 1);
  #sequence = randomInt(2 ** 16);
  #waitsForKey = true;
  #isReset = false;
  #packets = 0;
  #octets = 0;
  #reportedAt = -Infinity;
  /** The fault that was in force at the picture before, and pictures delivered since it came. */
  #fault: Fault | null = null;
  #sinceFault = 0;
  /** The rest of a picture that trickles, and the bytes a trickle has earned but not sent. */
  #trickling: Buffer = Buffer.alloc(0);
  #allowance = 0;
  #trickledAt = 0;

  constructor(sink: MediaSink) {
    this.#sink = sink;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** RTP timestamp of a picture for this viewer. */
  timestamp(ticks: number): number {
    return (this.#tickBase + ticks) % 2 ** 32;
  }

  /**
   * Sends the picture, or does with it what the camera's fault wants.
   * @returns true if the whole picture was handed to the socket.
   */
  deliver(picture: Picture, fault: Fault | null): boolean {
    if (this.#isReset) return false;
    if (fault !== this.#fault) {
      // Pictures that refer to what was damaged would be damaged too.
      if (this.#fault?.kind === 'garbage' || this.#fault?.kind === 'loss') this.#waitsForKey = true;
      this.#fault = fault;
      this.#sinceFault = 0;
    }
    if (fault?.kind === 'trickle') return this.#trickle(picture, fault.bytesPerSecond);
    this.#finishTrickle();
    if (this.#isWithheld(fault)) {
      this.#waitsForKey = true;
      return false;
    }
    if (this.#waitsForKey && !picture.isKey) return false;
    this.#waitsForKey = false;
    this.#sinceFault++;
    this.#report(picture);
    const bytes = this.#stamped(picture);
    if (fault?.kind === 'loss') {
      return this.#sendLossy(picture.template, bytes, fault.percent);
    }
    if (fault?.kind === 'reset' && this.#sinceFault > fault.frames) {
      this.#isReset = true;
      this.#sink.reset(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      return false;
    }
    this.#sink.send(bytes, picture.template.offsets);
    return true;
  }

  #isWithheld(fault: Fault | null): boolean {
    if (fault?.kind === 'silent') return true;
    if (fault?.kind === 'stall' && this.#sinceFault >= fault.frames) return true;
    return this.#sink.backlog > MAX_BACKLOG;
  }

  #stamped(picture: Picture): Buffer {
    const { template } = picture;
    const bytes = stamp(template, {
      channel: this.#sink.channel,
      sequence: this.#sequence,
      timestamp: this.timestamp(picture.ticks),
      ssrc: this.ssrc,
    });
    const packets = template.offsets.length - 1;
    this.#sequence = (this.#sequence + packets) % 2 ** 16;
    this.#packets += packets;
    this.#octets += bytes.length - packets * (INTERLEAVED_HEADER + 12);
    return bytes;
  }

  #report(picture: Picture): void {
    if (picture.epochMs - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reportedAt = picture.epochMs;
    const timestamp = this.timestamp(picture.ticks);
    this.#sink.sendReport(senderReport(this.ssrc, picture.epochMs, timestamp, this.#packets, this.#octets));
  }

  /** @returns whether the picture was sent whole; parameter sets that were lost do not count, the session has them */
  #sendLossy(template: PacketTemplate, bytes: Buffer, percent: number): boolean {
    let isWhole = true;
    for (const packet of packetsOf(template.offsets, bytes)) {
      if (Math.random() * 100 >= percent) this.#sink.send(packet, [0, packet.length]);
      else if (!isParameterSet(packet)) isWhole = false;
    }
    return isWhole;
  }

  /** A few bytes of the stream, in step with the time. On UDP a whole packet a second: a datagram cannot be cut. */
  #trickle(picture: Picture, bytesPerSecond: number): false {
    const elapsed = this.#trickledAt === 0 ? 0 : picture.epochMs - this.#trickledAt;
    if (this.#sink.transport === 'udp') {
      if (this.#trickledAt !== 0 && elapsed < 1000) return false;
      this.#trickledAt = picture.epochMs;
      const [packet] = packetsOf(picture.template.offsets, this.#stamped(picture));
      if (packet !== undefined) this.#sink.send(packet, [0, packet.length]);
      this.#waitsForKey = true;
      return false;
    }
    this.#trickledAt = picture.epochMs;
    this.#allowance += (elapsed * bytesPerSecond) / 1000;
    if (this.#trickling.length === 0) this.#trickling = this.#stamped(picture);
    const now = Math.min(Math.floor(this.#allowance), this.#trickling.length);
    if (now === 0) return false;
    this.#allowance -= now;
    this.#sink.sendRaw(this.#trickling.subarray(0, now));
    this.#trickling = this.#trickling.subarray(now);
    return false;
  }

  /** After a trickle the packet that was cut must be finished, or nothing behind it can be read. */
  #finishTrickle(): void {
    if (this.#trickledAt === 0) return;
    this.#trickledAt = 0;
    this.#allowance = 0;
    this.#waitsForKey = true;
    if (this.#trickling.length > 0) this.#sink.sendRaw(this.#trickling);
    this.#trickling = Buffer.alloc(0);
  }
}

/** Behind the interleaved header and the RTP header: NAL units 6 to 9 are SEI, SPS, PPS and access unit delimiter. */
function isParameterSet(packet: Buffer): boolean {
  const nalType = (packet[4 + 12] ?? 0) & 0x1f;
  return nalType >= 6 && nalType <= 9;
}

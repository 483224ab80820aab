import { randomBytes } from 'node:crypto';
import { UDP_REORDER_WINDOW } from '../rtp/packet-order.js';
import { RtpReceiver } from '../rtp/rtp-receiver.js';
import type { RtpProblem, RtpStatistics } from '../rtp/rtp-sink.js';
import type { RtpTrack } from '../rtp/track.js';
import { epochMs } from '../shared/clock.js';
import type { AccessUnit } from '../video/access-unit.js';

export interface MediaEvents {
  unit(unit: AccessUnit): void;
  problem(problem: RtpProblem): void;
  /** The camera says that the stream ends (RTCP BYE). */
  bye(): void;
  /** An RTCP packet is to be sent. */
  report(packet: Uint8Array): void;
}

/** RFC 3550, 6.2: the least interval of reports. */
const REPORT_INTERVAL_MS = 5000;

/** One track's packets as they arrive, with the time: drives an RtpReceiver, which has no clock of its own. */
export class MediaStream {
  readonly #receiver: RtpReceiver;
  readonly #events: MediaEvents;
  readonly #reports: NodeJS.Timeout;
  #tick: NodeJS.Timeout | null = null;
  /** When `#tick` fires; Infinity: never. */
  #tickAt = Infinity;
  #lastPacketAt: number | null = null;
  /** How long the last packet had waited for this thread, ms. The receiver's time is that of the arrivals. */
  #waitedMs = 0;

  constructor(track: RtpTrack, transport: 'tcp' | 'udp', events: MediaEvents) {
    this.#events = events;
    this.#receiver = new RtpReceiver({
      track,
      sink: {
        accessUnit: (unit) => events.unit(unit),
        problem: (problem) => events.problem(problem),
        bye: () => events.bye(),
      },
      reorder: transport === 'udp' ? UDP_REORDER_WINDOW : null,
      ownSsrc: randomBytes(4).readUInt32BE(),
      cname: randomBytes(12).toString('base64'),
    });
    this.#reports = setInterval(() => this.#report(), REPORT_INTERVAL_MS);
  }

  get statistics(): RtpStatistics {
    return this.#receiver.statistics;
  }

  /** Unix epoch, ms, of the last RTP packet; null before the first. */
  get lastPacketAt(): number | null {
    return this.#lastPacketAt;
  }

  senderTime(mediaTimeMs: number): number | null {
    return this.#receiver.senderTime(mediaTimeMs);
  }

  /**
   * @param packet RTP, or RTCP where both share a channel or port; its memory may be used again after the call
   * @param arrivedAt Unix epoch, ms with fraction
   */
  receive(packet: Uint8Array, arrivedAt: number): void {
    const now = epochMs();
    this.#waitedMs = now - arrivedAt;
    if (isRtcp(packet)) {
      this.#receiver.receiveRtcp(packet, arrivedAt);
    } else {
      this.#lastPacketAt = now;
      this.#receiver.receive(packet, arrivedAt);
    }
    if (this.#deadline < this.#tickAt) this.#schedule(now);
  }

  /** Ends the stream. @returns the RTCP packet that tells the camera, or null */
  close(): Uint8Array | null {
    clearInterval(this.#reports);
    if (this.#tick) clearTimeout(this.#tick);
    this.#tickAt = -Infinity;
    return this.#receiver.goodbye(epochMs());
  }

  /** Quiet counts from when a packet was read: behind one that waited, others may wait still. */
  get #deadline(): number {
    return this.#receiver.deadline + this.#waitedMs;
  }

  #schedule(now: number): void {
    if (this.#tick) clearTimeout(this.#tick);
    this.#tickAt = this.#deadline;
    this.#tick = setTimeout(() => this.#due(), Math.max(0, this.#tickAt - now));
  }

  #due(): void {
    const now = epochMs();
    this.#tickAt = Infinity;
    this.#receiver.tick(now - this.#waitedMs);
    if (this.#deadline < Infinity) this.#schedule(now);
  }

  #report(): void {
    const report = this.#receiver.report(epochMs());
    if (report) this.#events.report(report);
  }
}

/** RFC 5761, 4: packet types 192 to 223 are RTCP's, on whichever channel they come. */
function isRtcp(packet: Uint8Array): boolean {
  const type = packet[1] ?? 0;
  return type >= 192 && type <= 223;
}

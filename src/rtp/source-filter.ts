import { sequenceDelta } from './rtp-packet.js';

/** Which packets belong to the camera's stream, by SSRC. */
export type SourceVerdict =
  | 'same'
  /** Of another source, which may take over with its next packet: a copy of it is to be kept. */
  | 'candidate'
  /** The candidate takes over: its kept packet comes first, then this one. */
  | 'takes_over'
  /** Takes over at once. */
  | 'new';

/**
 * Follows one source, and another when the camera changes it. Over TCP that is believed at once; over UDP after two
 * packets in sequence (RFC 3550, A.1), so that a stray packet changes nothing. The SSRC in the Transport header is not
 * asked: many cameras name a wrong one there.
 */
export class SourceFilter {
  #ssrc = -1;
  #candidate = -1;
  #candidateSequence = 0;

  constructor(private readonly ordered: boolean) {}

  get ssrc(): number {
    return this.#ssrc;
  }

  judge(ssrc: number, sequence: number): SourceVerdict {
    if (ssrc === this.#ssrc) {
      this.#candidate = -1;
      return 'same';
    }
    if (this.ordered || this.#ssrc < 0) {
      this.#ssrc = ssrc;
      return 'new';
    }
    if (ssrc === this.#candidate && sequenceDelta(this.#candidateSequence, sequence) === 1) {
      this.#ssrc = ssrc;
      this.#candidate = -1;
      return 'takes_over';
    }
    this.#candidate = ssrc;
    this.#candidateSequence = sequence;
    return 'candidate';
  }
}

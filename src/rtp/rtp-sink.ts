import type { AccessUnit } from '../video/access-unit.js';
import type { VideoCodec } from '../video/video-format.js';

/**
 * What is wrong with a stream. Each kind is reported once a stream; the stream goes on. Losses are no problems: RtpStatistics counts them.
 * - `wrong_codec`: another codec than the SDP names. With `found`, its units follow; without, it is not known which (it is
 *   reported again if that shows).
 * - `wrong_payload_type`: nothing of the SDP's payload type came, only of another.
 * - `bad_data`: no picture could be begun in MAX_PACKETS_WITHOUT_UNIT packets, or headers cannot be read; `what` says which.
 * - `unreadable_description`: the SDP's parameter sets cannot be read. Those in the stream may be right, as most cameras send them too.
 * - `unsupported_packets`: payload structures outside RFC 6184 mode 0 and 1, RFC 7798, RFC 2435 or RFC 6416.
 * - `untrue_markers`: the marker bit does not stand at the end of pictures: each now waits for the next one to begin.
 * - `too_large`: a unit, its NAL units or its parameter sets went over a bound.
 */
export type RtpProblem =
  | { readonly kind: 'wrong_codec'; readonly declared: VideoCodec; readonly found: VideoCodec | null }
  | { readonly kind: 'wrong_payload_type'; readonly expected: number; readonly found: number }
  | {
      readonly kind: 'bad_data' | 'unreadable_description' | 'unsupported_packets' | 'too_large';
      readonly what: string;
    }
  | { readonly kind: 'untrue_markers' };

/** Takes what comes out of an RtpReceiver, in the order of the packets, within the calls that hand them in. */
export interface RtpSink {
  accessUnit(unit: AccessUnit): void;
  problem(problem: RtpProblem): void;
  /** The camera sent an RTCP BYE: nothing more will come. */
  bye(): void;
}

/** Counts since the start of the stream; they only grow. */
export interface RtpStatistics {
  readonly packets: number;
  /** RTP payload without headers and padding. */
  readonly bytes: number;
  /** Packets whose sequence numbers never came, or came too late. */
  readonly lost: number;
  /** Came late, and were put in place. */
  readonly reordered: number;
  readonly duplicates: number;
  /** Not RTP, another payload type or another SSRC. */
  readonly foreign: number;
  /** Units handed over. */
  readonly units: number;
  /** Units that lack packets: left out, or with `keepDamaged` flagged. */
  readonly damagedUnits: number;
  /** Whole units left out because they need one that is damaged or missing. */
  readonly dependentUnits: number;
  /** Whole units left out because their slice headers are none: no key frame makes them readable. */
  readonly unreadableUnits: number;
  /** Times that the timestamp or the SSRC began anew. */
  readonly restarts: number;
}

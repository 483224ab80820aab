import { nalUnits } from '../../src/video/annex-b.js';
import type { AccessUnit } from '../../src/video/access-unit.js';
import { RtpReceiver, type RtpReceiverOptions } from '../../src/rtp/rtp-receiver.js';
import type { RtpProblem } from '../../src/rtp/rtp-sink.js';
import type { RtpTrack } from '../../src/rtp/track.js';
import { encode, type Encoding } from '../video/encode.js';
import { numbered, packetiseNals, STREAM, type NalPacketising, type PacketFields } from './packetise.js';

/** Streams of real encoders, cut into access units at their delimiters (not by what the code under test looks at). */

type NalCodec = 'h264' | 'h265';

export interface SourceUnit {
  /** Without delimiter and parameter sets. */
  readonly nals: readonly Uint8Array[];
  /** As they came: everything but the delimiter. */
  readonly all: readonly Uint8Array[];
}

const typeOf = (codec: NalCodec, nal: Uint8Array): number =>
  codec === 'h264' ? (nal[0] ?? 0) & 31 : ((nal[0] ?? 0) >> 1) & 63;
const DELIMITER = { h264: 9, h265: 35 } as const;
const SETS: Readonly<Record<NalCodec, readonly number[]>> = { h264: [7, 8], h265: [32, 33, 34] };

/** The access units of a stream that was encoded with delimiters. */
function splitUnits(codec: NalCodec, stream: Uint8Array): SourceUnit[] {
  const units: Uint8Array[][] = [];
  for (const nal of nalUnits(stream)) {
    if (typeOf(codec, nal) === DELIMITER[codec]) units.push([]);
    else units.at(-1)?.push(nal);
  }
  return units.map((all) => ({ all, nals: all.filter((nal) => !SETS[codec].includes(typeOf(codec, nal))) }));
}

/** The stream's parameter sets, each once, in the order VPS, SPS, PPS. */
export function setsOf(codec: NalCodec, units: readonly SourceUnit[]): Uint8Array[] {
  const sets = new Map<string, Uint8Array>();
  for (const { all } of units) {
    for (const nal of all)
      if (SETS[codec].includes(typeOf(codec, nal))) sets.set(Buffer.from(nal).toString('hex'), nal);
  }
  return [...sets.values()].sort((one, other) => typeOf(codec, one) - typeOf(codec, other));
}

export const annexB = (nals: readonly Uint8Array[]): Buffer =>
  Buffer.concat(nals.flatMap((nal) => [Buffer.from([0, 0, 0, 1]), nal]));

export const encodeUnits = (codec: NalCodec, ffmpeg: string, encoding: Encoding): SourceUnit[] =>
  splitUnits(codec, encode(ffmpeg, encoding));

/** 25 a second at 90 kHz, beginning just before the timestamps wrap. */
export const timestampOf = (unit: number): number => (2 ** 32 - 20_000 + unit * 3600) >>> 0;

/** All packets of a stream. `order` gives each unit's place on the display, where that is another than in the stream. */
export function packetise(
  units: readonly SourceUnit[],
  how: NalPacketising,
  order: (unit: number) => number = (unit) => unit,
): PacketFields[] {
  return units.flatMap(({ all }, index) => packetiseNals(all, timestampOf(order(index)), how));
}

export interface Received {
  readonly units: AccessUnit[];
  readonly problems: RtpProblem[];
  readonly receiver: RtpReceiver;
  readonly byes: number;
}

export const track = (codec: RtpTrack['codec'], more: Partial<RtpTrack> = {}): RtpTrack => ({
  codec,
  payloadType: STREAM.payloadType,
  clockRate: 90_000,
  parameterSets: [],
  ...more,
});

/** A receiver whose output is collected. */
export function receiving(options: Partial<RtpReceiverOptions> & { readonly track: RtpTrack }): Received {
  const received: { units: AccessUnit[]; problems: RtpProblem[]; byes: number } = {
    units: [],
    problems: [],
    byes: 0,
  };
  const receiver = new RtpReceiver({
    reorder: null,
    ownSsrc: 0xcafe,
    cname: 'test',
    ...options,
    sink: {
      accessUnit: (unit) => received.units.push(unit),
      problem: (problem) => received.problems.push(problem),
      bye: () => (received.byes += 1),
    },
  });
  return Object.assign(received, { receiver });
}

/** Epoch ms of the first packet. */
export const START = 1_700_000_000_000;

/** Hands packets in, one a ms, and lets time pass at the end. */
export function feed({ receiver }: Received, packets: readonly Uint8Array[], from = START): void {
  packets.forEach((packet, index) => {
    // As a socket would: a Buffer, whose memory is used again.
    const memory = Buffer.from(packet);
    receiver.receive(memory, from + index);
    memory.fill(0xee);
    receiver.tick(from + index);
  });
  receiver.tick(from + packets.length + 1000);
}

/** Packets in, collected units out. */
export function receive(
  options: Partial<RtpReceiverOptions> & { readonly track: RtpTrack },
  packets: readonly PacketFields[],
): Received {
  const received = receiving(options);
  feed(received, numbered(packets));
  return received;
}

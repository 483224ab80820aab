import { randomBytes } from 'node:crypto';
import { nalPayloads, packetise, type PacketTemplate, stamp } from '../virtual-camera/rtp.js';
import { flood, type HostileKind, interleaved, type MediaMoment, only } from './kind.js';
import { parameterSet } from './parameter-set.js';

const TICKS = 3000;
const MEBIBYTE = 1024 * 1024;
/** As much as TCP takes in one packet. */
const LONGEST_PAYLOAD = 60_000;

/** Pictures of one stream without gaps. */
const streamed =
  (
    template: (moment: MediaMoment) => PacketTemplate,
    timestampOf = ({ picture }: MediaMoment): number => picture * TICKS,
  ): NonNullable<HostileKind['media']> =>
  (moment) => {
    const packets = template(moment);
    const { sequence } = moment.stream;
    moment.stream.sequence += packets.offsets.length - 1;
    return stamp(packets, { channel: moment.channel, sequence, timestamp: timestampOf(moment), ssrc: 7 });
  };

/** A slice of so many bytes in as few packets as there may be. `type`: 5 for an IDR picture, 1 for another. */
const slice = (type: 5 | 1, bytes: number): readonly Buffer[] =>
  nalPayloads(Buffer.concat([Buffer.of(0x60 | type, 0x88, 0x84), randomBytes(bytes)]), LONGEST_PAYLOAD);

/** Payloads in one picture, as they are. */
const packets = (payloads: readonly Buffer[]): PacketTemplate => packetise(payloads, LONGEST_PAYLOAD);

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};

const largeKey = once(() => packets(slice(5, 7 * MEBIBYTE)));
const largeDelta = once(() => packets(slice(1, 2 * MEBIBYTE)));
const tooLarge = once(() => packets(slice(5, 40 * MEBIBYTE)));
const middleFragments = once(() =>
  packets(
    Array.from({ length: 16 }, () => Buffer.concat([Buffer.of(0x7c, 0x05), randomBytes(LONGEST_PAYLOAD)])),
  ),
);
const messages = once(() =>
  packets(Array.from({ length: 16 }, () => Buffer.concat([Buffer.of(0x06, 5, 255), randomBytes(1300)]))),
);
const crumbs = once(() =>
  packets(Array.from({ length: 3000 }, () => Buffer.of(0x78, 0, 2, 0x06, 5, 0, 2, 0x06, 5))),
);

const endless = (name: string, method: string, start: string, filler: string): HostileKind => ({
  name,
  answer: only(method, (_, socket) => {
    setImmediate(flood, socket, Buffer.from(filler, 'latin1'));
    return start;
  }),
});

/** Cameras that send without end what costs memory if it is kept. */
export const FLOOD_KINDS: readonly HostileKind[] = [
  endless(
    'two-gigabytes',
    'DESCRIBE',
    'RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 2147483648\r\n\r\n',
    'v=0\r\n'.repeat(10_000),
  ),
  endless(
    'body-in-bounds-without-end',
    'DESCRIBE',
    'RTSP/1.0 200 OK\r\n',
    'Content-Length: 65000\r\n\r\n'.padEnd(65_000, 'a'),
  ),
  endless('endless-headers', 'OPTIONS', 'RTSP/1.0 200 OK\r\n', 'X-Header: 1\r\n'.repeat(5000)),
  endless('interim-answers', 'DESCRIBE', '', 'RTSP/1.0 100 Continue\r\n\r\n'.repeat(2000)),
  endless(
    'requests-without-end',
    'PLAY',
    'RTSP/1.0 200 OK\r\n\r\n',
    'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(2000),
  ),
  endless('blank-lines', 'DESCRIBE', '', '\r\n'.repeat(30_000)),
  endless('junk', 'PLAY', 'RTSP/1.0 200 OK\r\n\r\n', '\0\x01junk'.repeat(10_000)),
  { name: 'pictures', isFlood: true, media: streamed(({ picture, clip }) => cyclic(clip.pictures, picture)) },
  { name: 'large-key-pictures', isFlood: true, media: streamed(largeKey) },
  {
    name: 'large-pictures-without-key',
    isFlood: true,
    media: streamed(({ picture, clip }) => (picture === 0 ? cyclic(clip.pictures, 0) : largeDelta())),
  },
  { name: 'too-large-pictures', isFlood: true, media: streamed(tooLarge) },
  { name: 'fragments-without-end', isFlood: true, media: streamed(middleFragments, () => 1) },
  { name: 'messages-without-picture', isFlood: true, media: streamed(messages, () => 1) },
  { name: 'crumbs', isFlood: true, media: streamed(crumbs, () => 1) },
  {
    name: 'parameter-sets',
    isFlood: true,
    media: streamed(({ picture }) =>
      packets([parameterSet({ id: picture % 32, widthInBlocks: 20 + (picture % 200), heightInBlocks: 12 })]),
    ),
  },
  {
    name: 'another-size-without-end',
    isFlood: true,
    media: streamed(({ picture, clip, otherClip }) =>
      cyclic(picture % 2 === 0 ? clip.pictures : otherClip.pictures, 0),
    ),
  },
  {
    name: 'numbers-that-jump',
    isFlood: true,
    media: (moment) =>
      Buffer.concat(
        Array.from({ length: 50 }, () =>
          stamp(packets([randomBytes(20_000)]), {
            channel: moment.channel,
            sequence: randomBytes(2).readUInt16BE(),
            timestamp: randomBytes(4).readUInt32BE(),
            ssrc: randomBytes(1).readUInt8(),
          }),
        ),
      ),
  },
  {
    name: 'reports',
    isFlood: true,
    // Sender reports (RFC 3550, 6.4.1) of 31 blocks with nothing true in them.
    media: ({ channel }) =>
      interleaved(
        channel + 1,
        Buffer.concat([Buffer.of(0x9f, 200, 0, 6 + 31 * 6), randomBytes(24 + 31 * 24)]),
      ),
  },
  {
    name: 'unknown-channels-without-end',
    isFlood: true,
    media: () => interleaved(99, Buffer.alloc(65_535, 0x80)),
  },
];

function cyclic(pictures: readonly PacketTemplate[], at: number): PacketTemplate {
  const template = pictures[at % pictures.length];
  if (template === undefined) throw new Error('the clip is empty');
  return template;
}

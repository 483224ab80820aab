import { randomBytes } from 'node:crypto';
import { garbagePicture } from '../virtual-camera/garbage.js';
import { packetise, packetsOf, type PacketTemplate, stamp } from '../virtual-camera/rtp.js';
import { interleaved, type HostileKind, type MediaMoment } from './kind.js';
import { parameterSet } from './parameter-set.js';

const TICKS = 9000;
const SSRC = 0x5eed;
/** More packets than any picture has: sequence numbers grow by it from picture to picture, as after loss. */
const STRIDE = 64;

const stamped = ({ picture, channel }: MediaMoment, template: PacketTemplate, shift = 0): Buffer =>
  stamp(template, { channel, sequence: picture * STRIDE, timestamp: (picture + shift) * TICKS, ssrc: SSRC });

const pictureOf = ({ clip, picture }: MediaMoment): PacketTemplate => {
  const template = clip.pictures[picture % clip.pictures.length];
  if (template === undefined) throw new Error('the clip is empty');
  return template;
};

const rightMedia = (moment: MediaMoment): Buffer => stamped(moment, pictureOf(moment));

/** Payloads as they are, one RTP packet each. */
const payloads = (moment: MediaMoment, all: readonly Buffer[]): Buffer =>
  Buffer.concat(
    all.map((payload, i) =>
      stamped({ ...moment, picture: moment.picture * 8 + i }, packetise([payload], 65_000)),
    ),
  );

/** 8192x8192 with sixteen reference pictures: 1.6 GB for a decoder that believes it. */
const hugeParameterSet = (): Buffer => parameterSet({ id: 0, widthInBlocks: 512, heightInBlocks: 512 });

/** An IDR picture's slice (first_mb 0, type I, parameter set 0), and nothing of use behind it. */
const emptySlice = (): Buffer => Buffer.concat([Buffer.of(0x65, 0x88, 0x84), randomBytes(400)]);

/** H.264 and its RTP payload that are broken (RFC 6184). */
export const H264_KINDS: readonly HostileKind[] = [
  { name: 'random-slices', media: (moment) => stamped(moment, garbagePicture()) },
  {
    name: 'huge-picture',
    media: (moment) =>
      stamped(moment, packetise([hugeParameterSet(), Buffer.of(0x68, 0xce, 0x38, 0x80), emptySlice()])),
  },
  {
    name: 'another-size-each-picture',
    media: (moment) => {
      const { pictures } = moment.picture % 2 === 0 ? moment.clip : moment.otherClip;
      return stamped(moment, pictures[0] ?? pictureOf(moment));
    },
  },
  {
    name: 'no-parameter-sets',
    sdp: (right) => right.replace(/;sprop-parameter-sets=.*/, ''),
    media: (moment) => stamped(moment, moment.clip.pictures[1 + (moment.picture % 5)] ?? pictureOf(moment)),
  },
  {
    name: 'half-pictures',
    media: (moment) => {
      const template = pictureOf(moment);
      const packets = packetsOf(template.offsets, stamped(moment, template));
      return Buffer.concat(packets.filter((_, i) => i % 2 === 0));
    },
  },
  {
    name: 'fragment-without-end',
    media: (moment) =>
      payloads(
        moment,
        Array.from({ length: 8 }, () => Buffer.concat([Buffer.of(0x7c, 0x05), randomBytes(1400)])),
      ),
  },
  {
    name: 'aggregate-lies',
    media: (moment) =>
      payloads(moment, [
        Buffer.of(0x78, 0xff, 0xff, 0x65),
        Buffer.of(0x78, 0, 0, 0, 0),
        Buffer.of(0x78),
        Buffer.of(0x79, 0),
      ]),
  },
  {
    name: 'rtp-lies',
    media: ({ channel }) =>
      Buffer.concat([
        // Version 0; fifteen sources that are not there; an extension and a padding longer than the packet.
        interleaved(channel, Buffer.of(0x00, 96, 0, 1)),
        interleaved(channel, Buffer.concat([Buffer.of(0x8f, 96, 0, 2), Buffer.alloc(8)])),
        interleaved(
          channel,
          Buffer.concat([Buffer.of(0x90, 96, 0, 3), Buffer.alloc(8), Buffer.of(0, 0, 0xff, 0xff)]),
        ),
        interleaved(channel, Buffer.concat([Buffer.of(0xa0, 96, 0, 4), Buffer.alloc(8), Buffer.of(0xff)])),
        interleaved(channel, Buffer.alloc(0)),
      ]),
  },
  {
    name: 'unknown-channels',
    media: (moment) =>
      Buffer.concat([
        ...[7, 99, 255].map((channel) => interleaved(channel, randomBytes(3000))),
        rightMedia(moment),
      ]),
  },
  { name: 'length-lies', media: ({ channel }) => interleaved(channel, randomBytes(200), 65_535) },
  {
    name: 'time-goes-back',
    media: (moment) => stamped(moment, pictureOf(moment), moment.picture % 3 === 0 ? 0 : 300_000),
  },
  {
    name: 'sei-flood',
    media: (moment) =>
      payloads(
        moment,
        Array.from({ length: 60 }, () => Buffer.concat([Buffer.of(0x06, 0x05, 0xff), randomBytes(1300)])),
      ),
  },
];

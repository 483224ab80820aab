import type { RtpTrack } from '../../rtp/track.js';
import type { VideoCodec } from '../../video/video-format.js';
import type { MediaFormat, MediaSection, SessionDescription } from './session-description.js';

/** Which media of a description are video that can be decoded. Pure. */

export interface VideoTrack {
  readonly rtp: RtpTrack;
  /** The section's own control URL, as it stands in the description. */
  readonly control: string | null;
  /** Address of the section's `c=` line, as text. */
  readonly connection: string | null;
}

const CODECS: Readonly<Record<string, VideoCodec>> = {
  H264: 'h264',
  H265: 'h265',
  HEVC: 'h265',
  JPEG: 'jpeg',
  'MP4V-ES': 'mpeg4',
};

/** In the order of the description; empty: `whyNoVideo` says why. */
export const videoTracks = ({ media }: SessionDescription): VideoTrack[] => media.flatMap(videoTrack);

function videoTrack(section: MediaSection): VideoTrack[] {
  const format =
    section.kind === 'video' && !isEncrypted(section) ? section.formats.find(isDecodable) : undefined;
  const codec = CODECS[format?.encoding ?? ''];
  if (format === undefined || codec === undefined) return [];
  const { payloadType, clockRate } = format;
  const rtp = { codec, payloadType, clockRate, parameterSets: parameterSets(codec, format) };
  const decodingOrder = Number(format.parameters.get('sprop-max-don-diff') ?? 0) > 0;
  const { control, connection, frameSize } = section;
  return [
    {
      rtp: {
        ...rtp,
        ...(codec === 'h265' && decodingOrder ? { hasDecodingOrderNumbers: true } : {}),
        ...(codec === 'jpeg' && frameSize ? { frameSize } : {}),
      },
      control,
      connection,
    },
  ];
}

/** SRTP's keys are exchanged by means that are not spoken here. */
const isEncrypted = ({ protocol }: MediaSection): boolean => protocol.includes('SAVP');

/** H.264's interleaved mode reorders NAL units over pictures (RFC 6184, 6.4): no camera uses it. */
const isInterleaved = ({ encoding, parameters }: MediaFormat): boolean =>
  encoding === 'H264' && parameters.get('packetization-mode') === '2';

const isDecodable = (format: MediaFormat): boolean =>
  CODECS[format.encoding] !== undefined && !isInterleaved(format);

/** Says why there is no video, by what there is: `video MP2T, audio PCMA`. The texts are the camera's: not yet printable. */
export function whyNoVideo({ media }: SessionDescription): string {
  const video = media.filter(({ kind }) => kind === 'video');
  if (video.length === 0) return `the description has no video, only ${mediaNames(media)}`;
  if (video.some(isEncrypted)) return 'the video is encrypted (SRTP): choose the stream without it';
  if (video.some(({ formats }) => formats.some(isInterleaved)))
    return 'H264 comes in interleaved mode (packetization-mode=2), which is not supported';
  return `${mediaNames(video)}: not H264, H265, JPEG or MP4V-ES`;
}

/** `video H264, audio PCMA`: the media by kind and encoding, for people. */
export const mediaNames = (media: readonly MediaSection[]): string =>
  media
    .slice(0, 8)
    .map(({ kind, formats }) => `${kind || 'unknown'} ${formats[0]?.encoding || 'of unknown codec'}`)
    .join(', ');

function parameterSets(codec: VideoCodec, { parameters }: MediaFormat): Uint8Array[] {
  const base64 = (name: string): Uint8Array[] =>
    (parameters.get(name) ?? '').split(',').map((text) => Buffer.from(text.trim(), 'base64'));
  const hex = (name: string): Uint8Array[] => [Buffer.from(parameters.get(name) ?? '', 'hex')];
  const sets = {
    h264: () => base64('sprop-parameter-sets'),
    h265: () => ['sprop-vps', 'sprop-sps', 'sprop-pps'].flatMap(base64),
    mpeg4: () => hex('config'),
    jpeg: () => [],
  }[codec]();
  return sets.filter((set) => set.length > 0);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nalUnits } from '../../src/video/annex-b.js';
import { H264_NAL, h264Type } from '../../src/video/h264-nal.js';
import { h264Format, parseH264Sps } from '../../src/video/h264-sps.js';
import { H265_NAL, h265Type } from '../../src/video/h265-nal.js';
import { h265Format, parseH265Sps } from '../../src/video/h265-sps.js';
import { jpegFormat } from '../../src/video/jpeg.js';
import { mpeg4Format } from '../../src/video/mpeg4-vol.js';
import type { VideoFormat } from '../../src/video/video-format.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { encode, run, type Encoding } from './encode.js';

/** What ffprobe says of a stream must be what the parsers here read in its headers. */

const NONE = new Uint8Array(0);

function formatOf(stream: Uint8Array, format: Encoding['format']): VideoFormat {
  if (format === 'mjpeg') return jpegFormat(stream);
  if (format === 'm4v') return mpeg4Format(new Uint8Array(stream));
  for (const nal of nalUnits(stream)) {
    const header = nal[0] ?? 0;
    if (format === 'h264' && h264Type(header) === H264_NAL.sps) return h264Format(parseH264Sps(nal), NONE);
    if (format === 'hevc' && h265Type(header) === H265_NAL.sps) return h265Format(parseH265Sps(nal), NONE);
  }
  throw new Error('no SPS');
}

type Probed = Readonly<Record<string, string | number | undefined>>;

function probe(stream: Uint8Array, format: Encoding['format']): Probed {
  const args = ['-v', 'error', '-f', format, '-show_streams', '-of', 'json', '-i', 'pipe:0'];
  const { streams } = JSON.parse(run('ffprobe', args, stream).toString()) as { streams: Probed[] };
  const [first] = streams;
  if (first === undefined) throw new Error('ffprobe shows no stream');
  return first;
}

const MATRICES: Readonly<Record<string, VideoFormat['matrix']>> = {
  bt709: 'bt709',
  bt470bg: 'bt601',
  smpte170m: 'bt601',
  bt2020nc: 'bt2020',
  gbr: 'rgb',
};

/** Decoded H.264 without chroma is called yuvj420p by FFmpeg. */
const wantedChroma = (name: string, chroma: VideoFormat['chroma']): VideoFormat['chroma'] =>
  name.endsWith('in grey') ? '4:0:0' : chroma;

/** `yuv422p10le` and its like. */
function samples(pixels: string): Pick<VideoFormat, 'chroma' | 'bitDepth'> {
  const bitDepth = Number(/(?:p|gray)(\d\d)le$/.exec(pixels)?.[1] ?? 8);
  if (pixels.startsWith('gray')) return { chroma: '4:0:0', bitDepth };
  const digits = /^yuvj?(4\d\d)p/.exec(pixels)?.[1];
  if (digits === undefined) throw new Error(`unknown ${pixels}`);
  return { chroma: digits.split('').join(':') as VideoFormat['chroma'], bitDepth };
}

function wanted(probed: Probed): Omit<VideoFormat, 'codec' | 'codecString' | 'parameterSets' | 'interlaced'> {
  const [across = 1, down = 1] = String(probed['sample_aspect_ratio'] ?? '1:1')
    .split(':')
    .map(Number);
  return {
    width: Number(probed['width']),
    height: Number(probed['height']),
    fullRange: probed['color_range'] === 'pc',
    matrix: MATRICES[String(probed['color_space'])] ?? 'unspecified',
    sampleAspect: { width: across, height: down },
    ...samples(String(probed['pix_fmt'])),
  };
}

const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast'];
const X265 = ['-c:v', 'libx265', '-preset', 'ultrafast'];
const quiet = (params = ''): string[] => ['-x265-params', `log-level=none:pools=1:frame-threads=1${params}`];
const sized = (size: string): string => `testsrc2=size=${size}:rate=25`;

const STREAMS: readonly (Encoding & { readonly name: string; readonly codecString: RegExp | string })[] = [
  {
    name: 'H.264 baseline',
    options: [...X264, '-profile:v', 'baseline'],
    format: 'h264',
    codecString: 'avc1.42c00d',
  },
  {
    name: 'H.264 1920x1080, cropped from 1088 lines',
    source: sized('1920x1080'),
    options: [...X264, '-level', '4.0', '-profile:v', 'high', '-x264-params', '8x8dct=1'],
    format: 'h264',
    codecString: /^avc1\.64[0-9a-f]{2}28$/,
  },
  {
    name: 'H.264 4:4:4 of odd size',
    source: sized('321x243'),
    options: [...X264, '-pix_fmt', 'yuv444p'],
    format: 'h264',
    codecString: /^avc1\.f4/,
  },
  {
    name: 'H.264 4:2:2 of 10 bits',
    source: sized('322x242'),
    options: [...X264, '-pix_fmt', 'yuv422p10le'],
    format: 'h264',
    codecString: /^avc1\.7a/,
  },
  {
    name: 'H.264 of 10 bits',
    options: [...X264, '-pix_fmt', 'yuv420p10le'],
    format: 'h264',
    codecString: /^avc1\.6e/,
  },
  { name: 'H.264 in grey', options: [...X264, '-pix_fmt', 'gray'], format: 'h264', codecString: /^avc1\.64/ },
  {
    name: 'H.264 with scaling lists and a sample aspect of the table',
    options: ['-vf', 'setsar=16/11', ...X264, '-x264-params', 'cqm=jvt:8x8dct=1'],
    format: 'h264',
    codecString: /^avc1\.64/,
  },
  {
    name: 'H.264 full range with an extended sample aspect',
    options: [
      ...['-vf', 'setsar=7/5', ...X264, '-pix_fmt', 'yuvj420p'],
      ...['-color_range', 'pc', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
    ],
    format: 'h264',
    codecString: /^avc1\.42/,
  },
  {
    name: 'H.264 of BT.601',
    options: [
      ...X264,
      '-colorspace',
      'smpte170m',
      '-color_primaries',
      'smpte170m',
      '-color_trc',
      'smpte170m',
    ],
    format: 'h264',
    codecString: /^avc1\./,
  },
  {
    name: 'interlaced H.264, cropped in fields',
    source: sized('320x236'),
    options: [...X264, '-flags', '+ildct+ilme', '-x264-params', 'tff=1'],
    format: 'h264',
    codecString: /^avc1\./,
  },
  { name: 'H.265', options: [...X265, ...quiet()], format: 'hevc', codecString: /^hvc1\.1\.6\.L\d+\.90$/ },
  {
    name: 'H.265 with a conformance window',
    source: sized('322x246'),
    options: [...X265, ...quiet()],
    format: 'hevc',
    codecString: /^hvc1\.1\.6\.L/,
  },
  {
    name: 'H.265 of 10 bits with scaling lists and BT.2020',
    options: [
      ...[...X265, '-pix_fmt', 'yuv420p10le', ...quiet(':scaling-list=default')],
      ...['-colorspace', 'bt2020nc', '-color_primaries', 'bt2020', '-color_trc', 'bt2020-10'],
    ],
    format: 'hevc',
    codecString: /^hvc1\.2\.4\.L/,
  },
  {
    name: 'H.265 4:2:2 of 12 bits, full range',
    source: sized('322x242'),
    options: [...X265, '-pix_fmt', 'yuv422p12le', ...quiet(':range=full')],
    format: 'hevc',
    codecString: /^hvc1\.4\.10\.L/,
  },
  {
    name: 'H.265 4:4:4 with a sample aspect and temporal layers',
    options: [
      '-vf',
      'setsar=4/3',
      ...X265,
      '-pix_fmt',
      'yuv444p',
      ...quiet(':temporal-layers=1:bframes=4:b-pyramid=1'),
    ],
    format: 'hevc',
    codecString: /^hvc1\.4\.10\.L/,
  },
  {
    name: 'H.265 in grey',
    options: [...X265, '-pix_fmt', 'gray', ...quiet()],
    format: 'hevc',
    codecString: /^hvc1\.4/,
  },
  { name: 'JPEG', options: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'], format: 'mjpeg', codecString: 'mjpg' },
  {
    name: 'JPEG 4:2:2 with a sample aspect',
    source: sized('330x250'),
    options: ['-vf', 'setsar=4/3', '-c:v', 'mjpeg', '-pix_fmt', 'yuvj422p'],
    format: 'mjpeg',
    codecString: 'mjpg',
  },
  {
    name: 'JPEG 4:4:4',
    options: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj444p'],
    format: 'mjpeg',
    codecString: 'mjpg',
  },
  { name: 'MPEG-4', options: ['-c:v', 'mpeg4'], format: 'm4v', codecString: 'mp4v.20.1' },
  {
    name: 'MPEG-4 of odd size with a sample aspect',
    source: sized('333x241'),
    options: ['-vf', 'setsar=7/5', '-c:v', 'mpeg4'],
    format: 'm4v',
    codecString: 'mp4v.20.1',
  },
  {
    name: 'interlaced MPEG-4 with B-VOPs',
    options: ['-vf', 'setsar=16/11', '-c:v', 'mpeg4', '-bf', '2', '-flags', '+ildct+ilme', '-top', '1'],
    format: 'm4v',
    codecString: /^mp4v\.20\.24\d$/,
  },
];

for (const { name, codecString, ...encoding } of STREAMS) {
  test(`reads the same format as ffprobe: ${name}`, { timeout: 60_000 }, () => {
    const stream = encode(CHOSEN_FFMPEG.path, encoding);
    const {
      codec,
      codecString: text,
      parameterSets,
      interlaced,
      ...read
    } = formatOf(stream, encoding.format);
    const probed = wanted(probe(stream, encoding.format));
    assert.deepEqual(read, { ...probed, chroma: wantedChroma(name, probed.chroma) });
    assert.equal(interlaced, name.startsWith('interlaced'));
    assert.ok(parameterSets.length >= 0 && codec.length > 0);
    if (typeof codecString === 'string') assert.equal(text, codecString);
    else assert.match(text, codecString);
  });
}

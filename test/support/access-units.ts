import bundled from '@ffmpeg-installer/ffmpeg';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AccessUnit } from '../../src/video/access-unit.js';
import { nalUnits } from '../../src/video/annex-b.js';
import type { VideoCodec, VideoFormat } from '../../src/video/video-format.js';
import type { TestContext } from 'node:test';
import { tempFolder } from './temp-folder.js';

/** Access units as a camera's RTP gives them, of a picture that FFmpeg encodes. */

export interface EncodeOptions {
  readonly codec: VideoCodec;
  /** Of lavfi. Its size, rate and length are those of the units. */
  readonly source: string;
  /** Options of the encoder. */
  readonly args?: readonly string[];
  readonly format?: Partial<VideoFormat>;
}

const ENCODERS: Readonly<Record<VideoCodec, readonly string[]>> = {
  h264: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  h265: ['-c:v', 'libx265', '-pix_fmt', 'yuv420p', '-x265-params', 'log-level=none:bframes=0'],
  jpeg: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-q:v', '5'],
  mpeg4: ['-c:v', 'mpeg4', '-q:v', '5'],
};
/** To what the units are made before they are cut: parameter sets in front of each key picture. */
const STREAM: Readonly<Record<VideoCodec, { readonly filter: string; readonly muxer: string }>> = {
  h264: { filter: 'h264_mp4toannexb', muxer: 'h264' },
  h265: { filter: 'hevc_mp4toannexb', muxer: 'hevc' },
  jpeg: { filter: 'null', muxer: 'mjpeg' },
  mpeg4: { filter: 'dump_extra', muxer: 'm4v' },
};

export function formatOf(codec: VideoCodec, more: Partial<VideoFormat> = {}): VideoFormat {
  return {
    codec,
    width: 320,
    height: 180,
    codecString: codec,
    fullRange: codec === 'jpeg',
    matrix: 'unspecified',
    sampleAspect: { width: 1, height: 1 },
    bitDepth: 8,
    chroma: '4:2:0',
    interlaced: false,
    parameterSets: new Uint8Array(0),
    ...more,
  };
}

/** Encodes, and cuts into units in decoding order; `arrivedAt` is the time of display. */
export function encodeUnits(t: Pick<TestContext, 'after'>, options: EncodeOptions): AccessUnit[] {
  const { codec, source, args = [] } = options;
  const folder = tempFolder(t);
  const [file, stream] = [join(folder, 'clip.mkv'), join(folder, 'stream')];
  const ffmpeg = (...more: string[]): string =>
    execFileSync(bundled.path, ['-v', 'error', ...more], { encoding: 'utf8' });
  ffmpeg('-f', 'lavfi', '-i', source, ...ENCODERS[codec], ...args, '-y', file);
  const { filter, muxer } = STREAM[codec];
  const copy = ['-c', 'copy', '-bsf:v', filter];
  const lines = ffmpeg('-i', file, ...copy, '-f', muxer, '-y', stream, ...copy, '-f', 'framecrc', '-');
  const bytes = readFileSync(stream);
  const format = formatOf(codec, options.format);
  let at = 0;
  return lines
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [, , pts = 0, , size = 0] = line.split(',').map(Number);
      const data = new Uint8Array(bytes.subarray(at, (at += size)));
      return accessUnit(format, data, pts);
    });
}

export function accessUnit(format: VideoFormat, data: Uint8Array<ArrayBuffer>, timeMs: number): AccessUnit {
  return {
    codec: format.codec,
    data,
    randomAccess: isKey(format.codec, data) ? 'key' : 'none',
    recoveryFrames: 0,
    mediaTimeMs: timeMs,
    firstArrivedAt: timeMs,
    arrivedAt: timeMs,
    damaged: false,
    disposable: false,
    discontinuity: false,
    leading: false,
    format,
  };
}

function isKey(codec: VideoCodec, data: Uint8Array): boolean {
  if (codec === 'jpeg') return true;
  // vop_coding_type (ISO/IEC 14496-2, 6.2.5): 0 is intra.
  if (codec === 'mpeg4') {
    const vop = Buffer.from(data).indexOf(Buffer.of(0, 0, 1, 0xb6));
    return vop >= 0 && (data[vop + 4] ?? 0) >> 6 === 0;
  }
  for (const nal of nalUnits(data)) {
    const first = nal[0] ?? 0;
    if (codec === 'h264' && (first & 31) === 5) return true;
    if (codec === 'h265' && ((first >> 1) & 63) >= 16 && ((first >> 1) & 63) <= 21) return true;
  }
  return false;
}

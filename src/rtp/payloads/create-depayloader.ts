import type { VideoCodec } from '../../video/video-format.js';
import type { Depayloader } from './depayloader.js';
import { H264_PAYLOAD } from './h264-payload.js';
import { H264Pictures } from './h264-pictures.js';
import { h265Payload } from './h265-payload.js';
import { H265Pictures } from './h265-pictures.js';
import { JpegDepayloader } from './jpeg-depayloader.js';
import { JpegPictures } from './jpeg-pictures.js';
import { Mpeg4Depayloader } from './mpeg4-depayloader.js';
import { Mpeg4Pictures } from './mpeg4-pictures.js';
import { NalDepayloader } from './nal-depayloader.js';
import type { RtpProblem, RtpSink } from '../rtp-sink.js';
import type { RtpTrack } from '../track.js';
import type { PictureCodec } from './picture-codec.js';
import { UnitAssembler, type UnitCounts } from '../unit-assembler.js';

type NamedProblem = Extract<RtpProblem, { what: string }>['kind'];

/** What its parts are given to tell problems and to hand over units. */
interface Parts {
  readonly report: (kind: NamedProblem, what: string) => void;
  readonly assembler: (pictures: PictureCodec) => UnitAssembler;
}

/** The depayloader of a codec, which may be another than the track's: then nothing of the SDP's parameters holds. */
export function createDepayloader(
  codec: VideoCodec,
  track: RtpTrack,
  sink: RtpSink,
  counts: UnitCounts,
  keepDamaged: boolean,
): Depayloader {
  // The SDP's sets are read when the depayloader is made, all others come in packets.
  let source: 'description' | 'stream' = 'description';
  const report = (kind: NamedProblem, what: string): void => {
    const isDescribed = kind === 'bad_data' && source === 'description';
    sink.problem({ kind: isDescribed ? 'unreadable_description' : kind, what });
  };
  const assembler = (pictures: PictureCodec): UnitAssembler =>
    new UnitAssembler(pictures, sink, counts, keepDamaged);
  const depayloader = build(codec, track, { report, assembler });
  source = 'stream';
  return depayloader;
}

function build(codec: VideoCodec, track: RtpTrack, { report, assembler }: Parts): Depayloader {
  const told = codec === track.codec;
  const sets = told ? track.parameterSets : [];
  switch (codec) {
    case 'h264': {
      const pictures = new H264Pictures(sets, report);
      return new NalDepayloader(H264_PAYLOAD, assembler(pictures), pictures, report);
    }
    case 'h265': {
      const pictures = new H265Pictures(sets, report);
      const ordered = told && track.hasDecodingOrderNumbers === true;
      return new NalDepayloader(h265Payload(ordered), assembler(pictures), pictures, report);
    }
    case 'jpeg': {
      const pictures = new JpegPictures(report);
      return new JpegDepayloader(assembler(pictures), pictures, report, track.frameSize);
    }
    case 'mpeg4': {
      const pictures = new Mpeg4Pictures(sets, report);
      return new Mpeg4Depayloader(assembler(pictures), pictures, report);
    }
  }
}

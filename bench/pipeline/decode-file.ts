import { readFileSync } from 'node:fs';
import type { FfmpegBuild, PixelFormat } from '../../src/shared/worker-protocol.js';
import type { AccessUnit } from '../../src/video/access-unit.js';
import type { VideoFormat } from '../../src/video/video-format.js';
import { type DecodeJob, ffmpegArgs } from '../../workers/ffmpeg/decode-args.js';
import { createFrameMemory } from '../../workers/frame-memory.js';
import { USUAL_COLOURS } from '../../workers/source-colours.js';
import { VideoDecoder } from '../../workers/video-decoder.js';
import { accessUnits, splitNals } from '../virtual-camera/annexb.js';

/** Units on their way through the decoder: enough that it never waits, too few for its queue to let any go. */
const IN_FLIGHT = 8;
const START_CODE = Buffer.of(0, 0, 0, 1);

const FORMAT: VideoFormat = {
  codec: 'h264',
  width: 1920,
  height: 1080,
  codecString: 'avc1',
  fullRange: false,
  matrix: 'unspecified',
  sampleAspect: { width: 1, height: 1 },
  bitDepth: 8,
  chroma: '4:2:0',
  interlaced: false,
  parameterSets: new Uint8Array(0),
};

function unitsOf(file: string): AccessUnit[] {
  return accessUnits(splitNals(readFileSync(file))).map(({ nals, isKey }, i) => ({
    codec: 'h264',
    data: new Uint8Array(Buffer.concat(nals.flatMap((nal) => [START_CODE, nal]))),
    randomAccess: isKey ? 'key' : 'none',
    recoveryFrames: 0,
    mediaTimeMs: i * 40,
    firstArrivedAt: i * 40,
    arrivedAt: i * 40,
    damaged: false,
    discontinuity: false,
    disposable: false,
    leading: false,
    format: FORMAT,
  }));
}

export interface FileRequest {
  /** Annex B H.264, without B-frames. */
  readonly file: string;
  readonly sizes: DecodeJob['sizes'];
  readonly pixels: PixelFormat;
  /** Of FFmpeg's arguments. */
  readonly change: (args: string[]) => string[];
}

/** Decodes a file as the service decodes a camera, as fast as it goes. @param frame gets them in JPEG's colours */
export async function decodeFile(
  { file, sizes, pixels, change }: FileRequest,
  build: FfmpegBuild,
  frame: (index: number, frame: Uint8Array) => void,
): Promise<void> {
  const job: DecodeJob = { format: FORMAT, aspect: null, pixels, sizes, skipLoopFilter: false };
  const memories = sizes.map(({ width, height }) =>
    pixels === 'yuv420p' ? createFrameMemory(width, height) : null,
  );
  const buffers = sizes.map(
    ({ width, height }, i) =>
      memories[i]?.buffers ??
      ([new Uint8Array(width * height * 3), new Uint8Array(width * height * 3)] as const),
  );
  const units = unitsOf(file);
  let given = 0;
  let seen = 0;
  await new Promise<void>((resolve) => {
    const give = (): void => {
      for (; given < units.length && given - seen < IN_FLIGHT; given++) {
        const unit = units[given];
        if (unit) decoder.decode({ unit, ticks: unit.mediaTimeMs });
      }
    };
    const decoder = new VideoDecoder(
      job,
      build,
      buffers,
      {
        frame: (index, picture) => {
          memories[index]?.toJpegColours(picture, USUAL_COLOURS);
          frame(index, picture);
          if (index < sizes.length - 1) return;
          seen++;
          give();
          if (seen === units.length) decoder.stop();
        },
        passed: () => undefined,
      },
      change(ffmpegArgs(job, build)),
    );
    give();
    void decoder.ended.then(() => {
      resolve();
    });
  });
}

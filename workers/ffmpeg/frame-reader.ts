import type { Socket } from 'node:net';
import type { FrameAssembler } from '../frame-assembler.js';
import { gather, type Pipe, readInto, readNow } from './pipe.js';

/** A frame of 1080p is some three pipes full; a writer that takes longer than this is not waited for here. */
const MOST_NAPS = 8;

/**
 * Reads frames from a pipe into an assembler's buffers. The event loop wakes for the first piece of a frame only: FFmpeg writes in
 * pieces of 32 KiB, and the rest follows within a fraction of a millisecond.
 * @param whole gets each frame as soon as it is whole
 */
export function readFrames(
  { readFd }: Pick<Pipe, 'readFd'>,
  assembler: FrameAssembler,
  whole: (frame: Uint8Array) => void,
): Socket {
  return readInto(
    readFd,
    () => assembler.space(),
    (count) => {
      let frame = assembler.filled(count);
      for (let naps = 0; frame === null && naps < MOST_NAPS; naps++) {
        gather();
        frame = assembler.filled(readNow(readFd, assembler.space()));
      }
      if (frame) whole(frame);
    },
  );
}

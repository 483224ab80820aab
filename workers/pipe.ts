import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { Socket } from 'node:net';

/**
 * Pipes whose read end fills a buffer of ours. Node's own `child.stdout` allocates 64 KiB for each chunk and leaves them to
 * the collector (41 MB a camera where this takes 9), and it is a socket pair, which cannot be made to hold a whole frame.
 */
export interface Pipe {
  readonly readFd: number;
  /** For the child; close it here once the child has it. */
  readonly writeFd: number;
}

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;

type PipeMaker = (bytes: number) => Pipe;
let maker: PipeMaker | null | undefined;

/** Loads libc once for each thread; `null` where there is no koffi or no glibc (then Node's own pipes serve). */
function loadMaker(): PipeMaker | null {
  if (process.platform !== 'linux') return null;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    const libc = koffi.load('libc.so.6');
    const pipe2 = libc.func('int pipe2(_Out_ int *fds, int flags)') as (
      fds: number[],
      flags: number,
    ) => number;
    const fcntl = libc.func('int fcntl(int fd, int cmd, ...)') as (
      fd: number,
      cmd: number,
      type: string,
      value: number,
    ) => number;
    return (bytes) => {
      const fds = [-1, -1];
      // Close-on-exec at once: another thread may fork between two calls.
      if (pipe2(fds, O_CLOEXEC) !== 0) throw new Error('pipe2 failed: too many open files?');
      const [readFd = -1, writeFd = -1] = fds;
      // Refused past the user's limit (fs.pipe-user-pages-soft): the default 64 KiB then do, at more wake-ups a frame.
      fcntl(writeFd, F_SETPIPE_SZ, 'int', bytes);
      return { readFd, writeFd };
    };
  } catch {
    return null;
  }
}

/** A pipe of about `bytes` capacity, or `null` where this platform's FFI is not at hand. */
export function openPipe(bytes: number): Pipe | null {
  maker ??= loadMaker();
  return maker ? maker(bytes) : null;
}

/** Reads `fd` to its end into whatever `space()` gives; `filled(n)` tells how much of it was written. */
export function readInto(fd: number, space: () => Uint8Array, filled: (count: number) => void): Socket {
  const socket = new Socket({
    fd,
    readable: true,
    writable: false,
    // @types/node lacks `onread` here; net.Socket passes its options on (documented for net.connect).
    ...{
      onread: {
        buffer: space,
        callback: (count: number) => {
          filled(count);
          return true;
        },
      },
    },
  });
  socket.resume();
  return socket;
}

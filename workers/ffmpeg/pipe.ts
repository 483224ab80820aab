import { Socket } from 'node:net';
import { fromLibc } from '../../src/shared/libc.js';

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
/** Each write is a packet that one read returns alone. The value differs on some architectures; there it is refused or ignored. */
const O_DIRECT = process.arch === 'arm' || process.arch === 'arm64' ? 0o200000 : 0o40000;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const FIONREAD = 0x541b;

interface Pipes {
  make(bytes: number, flags: number): Pipe;
  resize(fd: number, bytes: number): void;
  unread(fd: number): number;
  duplicate(fd: number): number;
  read(fd: number, into: Uint8Array, bytes: number): number | bigint;
  setNonBlocking(fd: number): void;
}

/** `null` where libc is not to be had: then Node's own pipes serve. */
const pipes = fromLibc((libc): Pipes => {
  const pipe2 = libc.func('int pipe2(_Out_ int *fds, int flags)') as (fds: number[], flags: number) => number;
  const fcntl = libc.func('int fcntl(int fd, int cmd, ...)') as (
    fd: number,
    cmd: number,
    type: string,
    value: number,
  ) => number;
  const read = libc.func('long read(int fd, void *into, size_t bytes)') as Pipes['read'];
  const ioctl = libc.func('int ioctl(int fd, unsigned long request, _Out_ int *value)') as (
    fd: number,
    request: number,
    value: number[],
  ) => number;
  // Refused past the user's limit (fs.pipe-user-pages-soft): the default 64 KiB then do, at more wake-ups a frame.
  const resize = (fd: number, bytes: number): void => {
    fcntl(fd, F_SETPIPE_SZ, 'int', bytes);
  };
  return {
    make: (bytes, flags) => {
      const fds = [-1, -1];
      // Close-on-exec at once: another thread may fork between two calls.
      if (pipe2(fds, O_CLOEXEC | flags) !== 0) throw new Error('pipe2 failed: too many open files?');
      const [readFd = -1, writeFd = -1] = fds;
      resize(writeFd, bytes);
      return { readFd, writeFd };
    },
    resize,
    unread: (fd) => {
      const count = [0];
      return ioctl(fd, FIONREAD, count) === 0 ? (count[0] ?? 0) : 0;
    },
    duplicate: (fd) => fcntl(fd, F_DUPFD_CLOEXEC, 'int', 0),
    read,
    setNonBlocking: (fd) => void fcntl(fd, F_SETFL, 'int', O_NONBLOCK),
  };
});

/**
 * A pipe of about `bytes` capacity, or `null` where this platform's FFI is not at hand.
 * @param mode `packets`: every write takes a page of the capacity, and is read alone
 */
export const openPipe = (bytes: number, mode: 'bytes' | 'packets' = 'bytes'): Pipe | null =>
  pipes()?.make(bytes, mode === 'packets' ? O_DIRECT : 0) ?? null;

export const resizePipe = (fd: number, bytes: number): void => pipes()?.resize(fd, bytes);

/** Bytes that wait in the pipe; 0 also when that cannot be told. */
export const unreadBytes = (fd: number): number => pipes()?.unread(fd) ?? 0;

/** Lets reads of this end return at once when there is nothing; the other end is as it was. */
export const setNonBlocking = (fd: number): void => pipes()?.setNonBlocking(fd);

/**
 * Reads what is there, at once.
 * @param fd that does not block
 * @returns bytes read; 0 at the end of the pipe, and also when nothing is there
 */
export const readNow = (fd: number, into: Uint8Array): number =>
  Math.max(0, Number(pipes()?.read(fd, into, into.length) ?? 0));

/** Another descriptor of the same pipe, or `null` when there is none to be had. */
export function duplicate(fd: number): number | null {
  const copy = pipes()?.duplicate(fd) ?? -1;
  return copy < 0 ? null : copy;
}

/** Time that the rest of a frame takes to follow its first piece, with room: FFmpeg writes 640x360 in some 0.2 ms. */
const GATHER_MS = 0.5;
const neverWoken = new Int32Array(new SharedArrayBuffer(4));

/**
 * Lets the writer finish. FFmpeg writes a frame in pieces of 32 KiB, and a reader that takes each piece as it comes is woken
 * eleven times for a frame of 640x360; one that looks away after the first piece reads the rest at once.
 */
export const gather = (): void => void Atomics.wait(neverWoken, 0, 0, GATHER_MS);

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

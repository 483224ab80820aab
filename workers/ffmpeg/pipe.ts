import { closeSync } from 'node:fs';
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
const F_SETPIPE_SZ = 1031;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const FIONREAD = 0x541b;

interface Pipes {
  make(bytes: number): Pipe;
  unread(fd: number): number;
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
  return {
    make: (bytes) => {
      const fds = [-1, -1];
      // Close-on-exec at once: another thread may fork between two calls.
      if (pipe2(fds, O_CLOEXEC) !== 0)
        throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      const [readFd = -1, writeFd = -1] = fds;
      // Refused past the user's limit (fs.pipe-user-pages-soft): the default 64 KiB then do, at more wake-ups a frame.
      fcntl(writeFd, F_SETPIPE_SZ, 'int', bytes);
      return { readFd, writeFd };
    },
    unread: (fd) => {
      const count = [0];
      return ioctl(fd, FIONREAD, count) === 0 ? (count[0] ?? 0) : 0;
    },
    read,
    setNonBlocking: (fd) => void fcntl(fd, F_SETFL, 'int', O_NONBLOCK),
  };
});

/**
 * Pipes of about so many bytes, all or none; each is `null` where this platform's FFI is not at hand.
 * @throws Error with the code EMFILE
 */
export function openPipes(capacities: readonly number[]): (Pipe | null)[] {
  const opened: (Pipe | null)[] = [];
  try {
    for (const bytes of capacities) opened.push(pipes()?.make(bytes) ?? null);
    return opened;
  } catch (error) {
    for (const pipe of opened) if (pipe) closeBoth(pipe);
    throw error;
  }
}

export function closeBoth({ readFd, writeFd }: Pipe): void {
  closeSync(readFd);
  closeSync(writeFd);
}

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

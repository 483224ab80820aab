import { readdirSync, readlinkSync } from 'node:fs';
import { fromLibc } from '../../shared/libc.js';
import { tcpListeners } from './tcp-listeners.js';

/** `IPPROTO_TCP` and Linux's option of tcp(7): bytes not yet sent that the kernel takes at most before a socket counts as full. */
const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = 25;

/**
 * A few frames of a tile. The kernel otherwise takes some 4 MB before anybody can see that a reader is slow, and that reader
 * then sees the past: half a minute of it at 150 KB/s. What is on its way and not acknowledged does not count, so a fast
 * connection stays as fast, however long it is.
 */
const NOT_SENT_BYTES = 32 * 1024;

const loadSetSockOpt = fromLibc(
  (libc) =>
    libc.func('int setsockopt(int fd, int level, int name, const int *value, uint32_t length)') as (
      fd: number,
      level: number,
      name: number,
      value: number[],
      length: number,
    ) => number,
);

/**
 * Keeps the kernel's send queue of every connection that comes in on `port` short: connections inherit the option from the
 * listening socket, the only one whose descriptor can be told.
 *
 * @returns false where that is unavailable (not Linux, no koffi): slow readers of MJPEG then see older frames
 */
export function shortenSendQueues(port: number): boolean {
  const setsockopt = loadSetSockOpt();
  if (!setsockopt) return false;
  const results = listeners(port).map((fd) =>
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, [NOT_SENT_BYTES], 4),
  );
  return results.length > 0 && results.every((result) => result === 0);
}

/** This process's descriptors that listen on `port`. */
function listeners(port: number): number[] {
  const inodes = new Set(tcpListeners(port).map(({ inode }) => inode));
  // So it is without /proc, which is no reason not to start.
  if (inodes.size === 0) return [];
  return readdirSync('/proc/self/fd')
    .filter((fd) => inodes.has(/^socket:\[(\d+)\]$/.exec(linkOf(fd))?.[1] ?? ''))
    .map(Number);
}

/** A descriptor may be closed between the listing and this look at it. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

import type { Socket } from 'node:net';
import { epochMs } from '../shared/clock.js';
import { fromLibc } from '../shared/libc.js';

const IPPROTO_TCP = 6;
const TCP_INFO = 11;
/** `struct tcp_info` (linux/tcp.h) up to `tcpi_last_data_recv`, in words of 32 bits, and where that is. */
const INFO_WORDS = 14;
const LAST_DATA_RECEIVED = 13;
/** The kernel counts in ticks of its own, of 10 ms at most: a shorter wait may be none. */
const TICK_MS = 10;

const lastDataReceived = fromLibc((libc) => {
  const getsockopt = libc.func(
    'int getsockopt(int fd, int level, int option, _Out_ uint32_t *value, _Inout_ uint32_t *length)',
  ) as (fd: number, level: number, option: number, value: Uint32Array, length: Uint32Array) => number;
  const info = new Uint32Array(INFO_WORDS);
  const length = new Uint32Array(1);
  return (fd: number): number => {
    length[0] = info.byteLength;
    const isKnown = getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length) === 0;
    return isKnown ? (info[LAST_DATA_RECEIVED] ?? 0) : 0;
  };
});

/**
 * When the bytes of a TCP connection arrived. On a busy machine they wait for this thread, and a picture would be called younger than
 * it is by as much; the kernel knows when the last of them came (tcp(7), TCP_INFO).
 */
export class ArrivalTimes {
  #newest = 0;

  /**
   * When what was read last had arrived: Unix epoch, ms with fraction; never before it had, and never later than it was read. Elsewhere
   * than on Linux it is when it was read.
   */
  get newest(): number {
    return this.#newest;
  }

  /** To be called when bytes were read from the socket. */
  read(socket: Socket): void {
    const waitedMs = (lastDataReceived()?.(descriptorOf(socket)) ?? 0) - TICK_MS;
    this.#newest = Math.max(this.#newest, epochMs() - Math.max(0, waitedMs));
  }
}

/** Node has no public name for it. A socket without one is refused by the kernel, which is as good as not asking. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}

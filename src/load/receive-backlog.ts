import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Bytes that wait in the kernel for each process's sockets, from Linux's /proc. This is where a camera's delay hides: an FFmpeg
 * that cannot keep up leaves its RTSP connection unread, up to 6 MB (a minute of a substream), while every frame that comes
 * out looks new.
 */
export class BacklogReader {
  /** Sockets by process, and how often they were read: a connection keeps its inode, so they are looked up rarely. */
  readonly #known = new Map<number, { inodes: readonly string[]; reads: number }>();

  /** @returns unread bytes by pid; a pid without readable sockets is left out. Empty where there is no /proc. */
  async read(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const queues = await receiveQueues();
    const backlog = new Map<number, number>();
    for (const pid of this.#known.keys()) if (!pids.includes(pid)) this.#known.delete(pid);
    for (const pid of pids) {
      const known = this.#known.get(pid) ?? { inodes: [], reads: 0 };
      this.#known.set(pid, known);
      known.reads++;
      // Over UDP the sockets for the media come after the connection: looked up again ever more rarely.
      const isPowerOfTwo = (known.reads & (known.reads - 1)) === 0;
      if (isPowerOfTwo || !known.inodes.every((inode) => queues.has(inode)))
        known.inodes = (await socketInodes(pid)).filter((inode) => queues.has(inode));
      const { inodes } = known;
      const waiting = inodes.map((inode) => queues.get(inode)).filter((bytes) => bytes !== undefined);
      if (waiting.length > 0)
        backlog.set(
          pid,
          waiting.reduce((sum, bytes) => sum + bytes, 0),
        );
    }
    return backlog;
  }
}

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6', '/proc/net/udp', '/proc/net/udp6'];

/** Unread bytes by socket inode. Columns of proc(5): `sl local remote st tx:rx tr:when retrnsmt uid timeout inode`. */
async function receiveQueues(): Promise<Map<string, number>> {
  const queues = new Map<string, number>();
  const texts = await Promise.all(TABLES.map((path) => readFile(path, 'latin1').catch(() => '')));
  for (const text of texts)
    for (const [, rx = '0', inode = ''] of text.matchAll(ROW)) queues.set(inode, Number.parseInt(rx, 16));
  return queues;
}

/** A row up to its inode; only the receive queue and the inode are caught. */
const ROW = /^ *\d+: \S+ \S+ \S+ [0-9A-F]+:([0-9A-F]+) \S+ +\S+ +\d+ +\d+ +(\d+)/gm;

async function socketInodes(pid: number): Promise<string[]> {
  try {
    const folder = `/proc/${pid}/fd`;
    const links = await Promise.all(
      (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')),
    );
    return links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]).filter((inode) => inode !== undefined);
  } catch {
    // The process ended meanwhile.
    return [];
  }
}

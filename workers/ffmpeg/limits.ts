import { readFileSync } from 'node:fs';
import { limit, RESOURCE } from '../../src/shared/resource-limits.js';

/** Largest picture that is decoded, pixels: 8K. */
export const MAX_PIXELS = 7680 * 4320;

/** Why pictures of this size are not decoded; `null` if they are. */
export function sizeFault({ width, height }: { width: number; height: number }): string | null {
  if (width * height <= MAX_PIXELS) return null;
  return `pictures of ${width}x${height} are larger than ${MAX_PIXELS} pixels (7680x4320)`;
}

/** What a decoder takes besides its pictures: libraries' data, threads' stacks (FFmpeg 7 has many). */
const BASE_BYTES = 192 * 1024 * 1024;
/** Pictures that a decoder may hold: 16 to refer to (H.264, A.3.1), and those in work. */
const MOST_PICTURES = 24;
/** Whatever the size: an 8K stream with few references fits, one with many is refused. */
const MOST_BYTES = 1024 * 1024 * 1024;

/** Memory that the decoding of pictures of this size may take, bytes. */
export function memoryLimit(picture: { width: number; height: number; bitDepth: number }): number {
  // Three full planes: the worst chroma format.
  const bytes = picture.width * picture.height * 3 * (picture.bitDepth > 8 ? 2 : 1);
  return Math.min(MOST_BYTES, BASE_BYTES + bytes * MOST_PICTURES);
}

/**
 * Limits a process that has read nothing of a camera yet: its memory, and the files that it may write (none).
 * @returns whether the memory limit holds
 */
export function limitMemory(pid: number, bytes: number): boolean {
  limitAll(pid, RESOURCE.core, 0);
  limitAll(pid, RESOURCE.fileSize, 0);
  return limitAll(pid, RESOURCE.data, bytes);
}

/**
 * Limits the numbers of the descriptors that a process can get from now on; those that it has stay. With 0 a flaw in a decoder is
 * a flaw in a process that can open neither a file nor a connection, on any machine and without privileges.
 * @param below first number that it does not get
 */
export const limitDescriptors = (pid: number, below: number): boolean => limitAll(pid, RESOURCE.files, below);

/** From now on it starts no process and no thread. The kernel does not count what root starts. */
export const forbidProcesses = (pid: number): boolean => limitAll(pid, RESOURCE.processes, 0);

/** A script that starts FFmpeg without `exec` stays its parent. */
const MOST_SCRIPTS = 4;

/** Limits a process and what it has started. */
function limitAll(pid: number, resource: number, value: number, depth = MOST_SCRIPTS): boolean {
  const children = depth === 0 ? [] : childrenOf(pid);
  return [
    limit(pid, resource, value),
    ...children.map((child) => limitAll(child, resource, value, depth - 1)),
  ].every((holds) => holds);
}

/** Of its first thread: who waits for a program has no other. None where the kernel does not tell (CONFIG_PROC_CHILDREN). */
function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import jpegTurbo from 'jpeg-turbo';
import { readFrameNumber } from '../lib/frame-number.js';
import { connectViewer, type Viewer } from '../lib/ws-viewer.js';
import { numberedLoad, type NumberedViewer } from './load.js';

/**
 * Child of runNumberedViewers. Frames of the window are only kept; they are decoded when it is over and the viewers are gone,
 * because decoding costs as much as the server's encoding.
 */

/** Kept JPEGs of one process: 16 cameras for 60 s are some 320 MB. */
const MAX_KEPT_BYTES = 1 << 30;
const POLL_MS = 50;
const START_OF_IMAGE = 0xffd8;
const END_OF_IMAGE = 0xffd9;

interface Kept {
  readonly viewer: Viewer;
  readonly frames: { readonly jpeg: Buffer; readonly at: number }[];
}

// Viewers without their parent would watch for nobody.
process.on('disconnect', () => process.exit(1));
const load = numberedLoad.parse(JSON.parse(process.argv[2] ?? '{}') as unknown);
let isOpen = false;
let keptBytes = 0;

const all: Kept[] = [];
for (const path of load.paths) {
  all.push(open(path));
  await sleep(1000 / load.rampPerSecond);
}
const deadline = performance.now() + load.firstFrameTimeoutMs;
while (performance.now() < deadline && all.some(isWaiting)) await sleep(POLL_MS);
await sleep(load.settleMs);

const began = performance.now();
isOpen = true;
await sleep(load.durationMs);
isOpen = false;
const seconds = (performance.now() - began) / 1000;
const closed = all.map(({ viewer }) => viewer.stats.closed?.code ?? null);
for (const { viewer } of all) viewer.close();
await Promise.all(all.map(({ viewer }) => viewer.ended));

const result = all.map(({ frames }, at) => describe(frames, closed[at] ?? null));
process.send?.(result, () => process.exit(0));

function open(path: string): Kept {
  const frames: Kept['frames'] = [];
  const onFrame = (jpeg: Buffer, at: number): void => {
    if (!isOpen) return;
    keptBytes += jpeg.length;
    if (keptBytes > MAX_KEPT_BYTES) throw new Error('more frames than this process may keep');
    frames.push({ jpeg, at });
  };
  return {
    viewer: connectViewer({ host: '127.0.0.1', port: load.port, path, mode: 'keep', onFrame }),
    frames,
  };
}

function isWaiting({ viewer }: Kept): boolean {
  return viewer.stats.firstFrameMs === undefined && viewer.stats.closed === undefined;
}

function describe(kept: Kept['frames'], code: number | null): NumberedViewer {
  const sizes: Record<string, number> = {};
  let damaged = 0;
  const frames = kept.map(({ jpeg, at }): [number | null, number] => {
    const picture = isWhole(jpeg) ? decode(jpeg) : null;
    if (picture === null) {
      damaged++;
      return [null, at];
    }
    const size = `${picture.width}x${picture.height}`;
    sizes[size] = (sizes[size] ?? 0) + 1;
    return [readFrameNumber(picture.data, picture.width, picture.height), at];
  });
  return { frames, damaged, sizes, seconds, closed: code };
}

function isWhole(jpeg: Buffer): boolean {
  return (
    jpeg.length >= 4 &&
    jpeg.readUInt16BE(0) === START_OF_IMAGE &&
    jpeg.readUInt16BE(jpeg.length - 2) === END_OF_IMAGE
  );
}

function decode(jpeg: Buffer): { data: Uint8Array; width: number; height: number } | null {
  try {
    return jpegTurbo.decompressSync(jpeg, { format: jpegTurbo.FORMAT_GRAY });
  } catch {
    return null;
  }
}

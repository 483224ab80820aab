import { setTimeout as sleep } from 'node:timers/promises';
import { connectViewer, type Viewer } from './ws-viewer.js';

/** The slowest that a viewer may wait on a machine that does other work as well, ms. */
const MAX_GAP_MS = 10_000;

/** A viewer of a camera in order, beside whatever else happens to the service. Resolves when it has seen ten frames. */
export async function openHonestViewer(port: number, rtspUrl: string): Promise<Viewer> {
  const path = `/ws?camera_index=honest&rtsp=${encodeURIComponent(rtspUrl)}`;
  const honest = connectViewer({ host: '127.0.0.1', port, path, mode: 'count' });
  await honest.opened;
  while (honest.stats.frames < 10 && !honest.stats.closed) await sleep(50);
  honest.stats.beginWindow();
  return honest;
}

/** What went wrong for it, in words; empty when nothing did. */
export function faultsOf({ stats }: Viewer): string[] {
  const wrong: string[] = [];
  if (stats.closed) wrong.push(`the honest viewer was closed: ${stats.closed.code} ${stats.closed.reason}`);
  if (stats.torn > 0) wrong.push(`the honest viewer got ${stats.torn} torn JPEGs`);
  const gap = Math.max(stats.gaps.max, stats.openGapMs(performance.now()));
  if (gap > MAX_GAP_MS) wrong.push(`the honest viewer waited ${Math.round(gap)} ms`);
  return wrong;
}

export const honestLine = ({ stats }: Viewer): string =>
  `honest viewer: ${stats.frames} frames, longest gap ${Math.round(stats.gaps.max)} ms, ${stats.torn} torn`;

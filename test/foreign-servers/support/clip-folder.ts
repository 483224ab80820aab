import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeClip, type ClipName } from './numbered-clips.js';

/** Encoded clips in a folder that other users may read, too: some servers refuse to run as root. */
export interface ClipFolder {
  readonly path: string;
  /** Path of the clip's file. */
  file(clip: ClipName): string;
  remove(): void;
}

export async function clipFolder(clips: readonly ClipName[]): Promise<ClipFolder> {
  const path = mkdtempSync(join(tmpdir(), 'rtsp-stream-ws-clips-'));
  chmodSync(path, 0o755);
  const files = new Map<ClipName, string>();
  for (const clip of clips) files.set(clip, await encodeClip(clip, path));
  return {
    path,
    file: (clip) => files.get(clip) ?? '',
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

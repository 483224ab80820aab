import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of the test's own, gone after it. */
export function tempFolder(t: { after(end: () => unknown): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'rtsp-stream-ws-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

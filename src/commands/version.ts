import { readFileSync } from 'node:fs';

/** package.json, from dist/src/. */
const PACKAGE = new URL('../../../package.json', import.meta.url);

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(PACKAGE, 'utf8'));
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return known ? String(manifest.version) : 'unknown';
}

/** `rtsp-stream-ws 1.0.0`, the Node that runs it, and a line's end. */
export const versionText = (): string =>
  `rtsp-stream-ws ${packageVersion()} (Node ${process.versions.node})\n`;

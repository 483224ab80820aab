import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the built wall page, held in memory: there are few, and nothing of a request ever names a path on disk. */
export interface Asset {
  readonly type: string;
  readonly body: Uint8Array;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/plain; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/** Links of the page to its own files: the only addresses that it holds itself. */
const LINK = / (href|src)="\//g;

/**
 * The built page by URL path; `/` is the page itself. Empty when it was not built.
 * @param basePath where browsers find the service; '' at the top
 */
export async function loadWallAssets(basePath: string): Promise<ReadonlyMap<string, Asset>> {
  const folder = fileURLToPath(new URL('../../../wall/', import.meta.url));
  const assets = new Map<string, Asset>();
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return assets;
  }
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const file = await readFile(join(folder, name));
    const body =
      type === TYPES['.html'] ? Buffer.from(file.toString().replace(LINK, ` $1="${basePath}/`)) : file;
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 20)}"`;
    assets.set(name === 'index.html' ? '/' : `/${name}`, { type, body, etag });
  }
  return assets;
}

/** The version that the built page carries, or '' without one. */
export function pageVersion(assets: ReadonlyMap<string, Asset>): string {
  const page = Buffer.from(assets.get('/')?.body ?? []).toString();
  return /<meta name="version" content="([\w-]+)"/.exec(page)?.[1] ?? '';
}

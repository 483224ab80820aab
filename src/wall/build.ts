import { copyFile, mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles the wall page and its client library into dist/wall/. Runs at build time only, from dist/src/wall/. */

const root = new URL('../../../', import.meta.url);
const source = (name: string): string => fileURLToPath(new URL(`src/wall/browser/${name}`, root));
const output = fileURLToPath(new URL('dist/wall/', root));

await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
await build({
  entryPoints: ['wall.ts', 'client.ts', 'wall-worker.ts'].map(source),
  outdir: output,
  bundle: true,
  format: 'esm',
  // The oldest that has all the page needs: module workers, OffscreenCanvas, container queries.
  target: ['chrome108', 'firefox114', 'safari16.4'],
  // The page loads the library like everyone else does.
  external: ['./client.js'],
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  tsconfigRaw: { compilerOptions: { target: 'ES2022', useDefineForClassFields: true } },
});
for (const name of ['index.html', 'wall.css']) await copyFile(source(name), `${output}${name}`);
// Beside client.ts its declarations could not bear that name: TypeScript would take one for the other.
await copyFile(source('client-api.d.ts'), `${output}client.d.ts`);

import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/** Bundles the wall page and its client library into dist/wall/. Runs at build time only, from dist/src/wall/. */

const root = new URL('../../../', import.meta.url);
const source = (name: string): string => fileURLToPath(new URL(`src/wall/browser/${name}`, root));
const output = fileURLToPath(new URL('dist/wall/', root));

/** The page loads the library like everyone else does: as the module beside it. */
const LIBRARY_APART: Plugin = {
  name: 'library-apart',
  setup: (building) =>
    building.onResolve({ filter: /\/client\.js$/ }, () => ({ path: './client.js', external: true })),
};

await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
await build({
  entryPoints: ['wall.ts', 'client.ts', 'worker/wall-worker.ts'].map(source),
  outdir: output,
  entryNames: '[name]',
  bundle: true,
  format: 'esm',
  // The oldest that has all the page needs: module workers, OffscreenCanvas, container queries.
  target: ['chrome108', 'firefox114', 'safari16.4'],
  plugins: [LIBRARY_APART],
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  tsconfigRaw: { compilerOptions: { target: 'ES2022', useDefineForClassFields: true } },
});
await copyFile(source('wall.css'), `${output}wall.css`);
// The page carries its version, so that one that runs for weeks learns from the server that there is another.
const version = createHash('sha256');
for (const name of (await readdir(output)).sort()) version.update(await readFile(`${output}${name}`));
const page = await readFile(source('index.html'), 'utf8');
await writeFile(`${output}index.html`, page.replace('{{version}}', version.digest('base64url').slice(0, 16)));
// Beside client.ts its declarations could not bear that name: TypeScript would take one for the other.
await copyFile(source('client-api.d.ts'), `${output}client.d.ts`);

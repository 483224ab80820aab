import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

/** Compiles colours.wat beside this file's output; part of `npm run build`. */
const source = fileURLToPath(new URL('../../../workers/colours/colours.wat', import.meta.url));
const toolkit = await wabt();
const module = toolkit.parseWat('colours.wat', readFileSync(source, 'utf8'), { simd: true });
writeFileSync(new URL('colours.wasm', import.meta.url), module.toBinary({}).buffer);
module.destroy();

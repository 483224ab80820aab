import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * Loads a package that has binaries for some systems.
 * @param binary its file for this system, from the package's own folder
 * @param otherwise what a person can do where there is none
 * @throws Error of one line that names the file, whether it is there, and what the system says of it
 */
export function requireNative(name: string, binary: string, otherwise: string): unknown {
  try {
    return require(name) as unknown;
  } catch (error) {
    const state = isThere(name, binary) ? `cannot be loaded (${reasonOf(error, binary)})` : 'is missing';
    throw new Error(`${name}: its file ${binary} ${state}: ${otherwise}`);
  }
}

function isThere(name: string, binary: string): boolean {
  try {
    return existsSync(join(dirname(require.resolve(name)), binary));
  } catch {
    return false;
  }
}

/** The line that the system's loader said: packages wrap it in lines of their own. */
function reasonOf(error: unknown, binary: string): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n');
  const said = lines.find((line) => line.includes(basename(binary))) ?? lines.at(0) ?? '';
  return said.replace(/^(?:Error: )?(?:\S*\/)?/, '');
}

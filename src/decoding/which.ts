import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The program of that name on PATH; `null` when there is none. */
export async function which(name: string): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      // Of a folder the right means something else.
      if ((await stat(path)).isFile()) return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

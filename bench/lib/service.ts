import { fileURLToPath } from 'node:url';
import { startServer, type ServerProcess } from './server-process.js';

export interface ServiceOptions {
  /** Settings of the service, on top of PORT=0 and HOST=127.0.0.1. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags for Node, such as `--max-old-space-size=64`. */
  readonly flags?: readonly string[];
  /** Arguments for the service. */
  readonly args?: readonly string[];
  /** Default true; false where memory is measured, since every worker thread would load the tie as well. */
  readonly endsWithParent?: boolean;
}

/** Starts the compiled service in a process of its own. Throws with its last output when it does not listen in 20 s. */
export function startService(options: ServiceOptions = {}): Promise<ServerProcess> {
  const script = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  return startServer({ script, endsWithParent: true, ...options });
}

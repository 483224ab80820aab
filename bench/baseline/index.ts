import { fileURLToPath } from 'node:url';
import { startServer, type ServerProcess } from '../lib/server-process.js';

export interface BaselineOptions {
  /** FFMPEG_PATH chooses its FFmpeg. */
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** Starts the baseline server in a process of its own, as `startService` does with the service. */
export function startBaseline(options: BaselineOptions = {}): Promise<ServerProcess> {
  return startServer({ script: fileURLToPath(new URL('./server.js', import.meta.url)), ...options });
}

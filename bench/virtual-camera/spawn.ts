import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { toArguments } from './command-line.js';
import { completeOptions, type CameraOptions } from './options.js';
import type { SentFrame } from './sent-log.js';
import { rtspUrl, type CameraStatus, type VirtualCameras } from './virtual-cameras.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const STDERR_TAIL = 4000;
const STOP_WITHIN_MS = 3000;

/** Cameras in a process of their own. */
export interface SpawnedCameras extends VirtualCameras {
  readonly pid: number;
}

interface Ready {
  readonly control: string;
  readonly cameras: readonly CameraStatus[];
}

/** The first line of its standard output, or how it failed. */
async function readyLine(child: ChildProcess, stdout: Readable, complaint: () => string): Promise<Ready> {
  const lines = createInterface({ input: stdout });
  const line = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('error', reject);
    child.once('close', () => reject(new Error(`virtual cameras did not start: ${complaint().trim()}`)));
  });
  return JSON.parse(line) as Ready;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(killer);
}

/**
 * Starts cameras in a process of their own, which ends with this one.
 * @throws OptionsError on bad options, Error with its last words if it does not start.
 */
export async function spawnCameras(given: Partial<CameraOptions> = {}): Promise<SpawnedCameras> {
  const options = completeOptions(given);
  const args = [MAIN, '--exit-with-parent', ...toArguments(options)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let tail = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-STDERR_TAIL)));
  const { control, cameras } = await readyLine(child, child.stdout, () => tail).catch(
    async (error: unknown) => {
      await end(child);
      throw error;
    },
  );
  const urls = cameras.map(({ name, url }) => rtspUrl(options, Number(new URL(url).port), name));

  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const order = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`${control}${path}`, order);
    if (!response.ok) throw new Error(`virtual cameras refused ${path}: ${await response.text()}`);
    return response.json();
  };

  return {
    options,
    urls,
    control,
    pid: child.pid ?? -1,
    url: (index) => {
      const url = urls[index];
      if (url === undefined) throw new RangeError(`there is no camera with index ${index}`);
      return url;
    },
    fault: async (camera, fault) => {
      await ask('/fault', { camera, fault });
    },
    sent: async (camera, from = 0) =>
      (await ask(`/sent?camera=${encodeURIComponent(camera)}&from=${from}`)) as SentFrame[],
    list: async () => (await ask('/cameras')) as CameraStatus[],
    stop: () => end(child),
  };
}

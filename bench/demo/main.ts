import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { commandLine, UsageError } from '../lib/command-line.js';
import { EXIT_WITH_PARENT, listeningPort } from '../lib/server-process.js';
import { spawnCameras } from '../virtual-camera/index.js';

/**
 * `make demo`: virtual cameras in a process of their own, and the service with them as its configured cameras.
 */

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const HOST = '127.0.0.1';
/** The service's own deadline for an orderly end is 4.5 s. */
const KILL_AFTER_MS = 6000;
/** pino's number for `warn`. */
const WARN = 40;

/** Says so before anything is started when the port is taken. */
async function assertPortFree(port: number): Promise<void> {
  const probe = createServer();
  probe.listen({ port, host: HOST, exclusive: true });
  try {
    await once(probe, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${code})`;
    throw new UsageError(
      `port ${port} of ${HOST} ${why}: choose another, as in  make demo PORT=${port + 10}`,
    );
  }
  probe.close();
  await once(probe, 'close');
}

/** A log line of the service as a person reads it; empty for what is no news. */
function worthShowing(line: string): string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof entry !== 'object' || entry === null || !('level' in entry) || Number(entry.level) < WARN)
    return '';
  return 'msg' in entry ? String(entry.msg) : line;
}

/**
 * The service, in a process group of its own: a Ctrl-C reaches it once, through this process. It ends with this process, also
 * when nobody asked first (SIGKILL).
 */
function startService(port: number, configFile: string): ChildProcess & { stdout: NodeJS.ReadableStream } {
  return spawn(process.execPath, [`--import=${EXIT_WITH_PARENT}`, MAIN], {
    // Its info lines are what tells that it listens; they are not shown.
    env: { ...process.env, HOST, PORT: String(port), CONFIG_FILE: configFile, LOG_LEVEL: 'info' },
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
}

async function endService(service: ChildProcess): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return;
  const ended = once(service, 'exit');
  service.kill('SIGTERM');
  const killer = setTimeout(() => service.kill('SIGKILL'), KILL_AFTER_MS);
  await ended;
  clearTimeout(killer);
}

async function demo(count: number, port: number): Promise<number> {
  const stopping = new Promise<'stop'>((resolve) => {
    // `on`, not `once`: a second Ctrl-C must not end this process before its children.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('stop'));
  });
  await assertPortFree(port);
  console.log(`> starting ${count} virtual camera${count === 1 ? '' : 's'}`);
  const cameras = await spawnCameras({ count });
  const folder = mkdtempSync(join(tmpdir(), 'rtsp-stream-ws-demo-'));
  let service: ChildProcess | undefined;
  try {
    const configFile = join(folder, 'cameras.yaml');
    const entries = cameras.urls.map((url, i) => ({ name: `cam${i + 1}`, title: `Camera ${i + 1}`, url }));
    // JSON is YAML too.
    writeFileSync(configFile, JSON.stringify({ cameras: entries }, null, 2));

    console.log('> starting the service');
    const running = startService(port, configFile);
    service = running;
    const ended = once(running, 'exit').then(() => 'ended' as const);
    createInterface({ input: running.stdout }).on('line', (line) => {
      if (listeningPort(line) !== undefined) announce(port, cameras.urls);
      const text = worthShowing(line);
      if (text !== '') console.log(text);
    });
    const first = await Promise.race([ended, stopping]);
    if (first === 'stop') return 0;
    console.error('The service ended by itself.');
    return running.exitCode ?? 1;
  } finally {
    console.log('\n> stopping');
    await Promise.all([service === undefined ? undefined : endService(service), cameras.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function announce(port: number, urls: readonly string[]): void {
  console.log(`
  The wall is at   http://${HOST}:${port}/
  Its cameras      ${urls[0] ?? ''}${urls.length > 1 ? ` and ${urls.length - 1} more` : ''}
  Ctrl-C ends all of it.
`);
}

const { cameras: count, port } = commandLine({
  name: 'demo',
  about:
    'Virtual cameras, and the service with them as its configured cameras; the settings of the service come from the environment.',
  options: {
    // 100 is the service's own default limit of running cameras.
    cameras: { default: 4, min: 1, max: 100, help: 'virtual cameras' },
    port: { default: 8003, min: 1, max: 65_535, help: 'port of the service' },
  },
});
try {
  process.exitCode = await demo(count, port);
} catch (error) {
  console.error(error instanceof UsageError ? `demo: ${error.message}` : error);
  process.exitCode = 1;
}

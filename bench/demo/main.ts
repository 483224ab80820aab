import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine, UsageError } from '../lib/command-line.js';
import { spawnCameras } from '../virtual-camera/index.js';
import { assertPortFree, type DemoService, HOST, startDemoService, stopSignal } from './demo-service.js';

/**
 * `make demo`: virtual cameras in a process of their own, and the service with them as its configured cameras.
 */

/** The service's own deadline for an orderly end is 4.5 s. */
const KILL_AFTER_MS = 6000;

async function demo(count: number, port: number): Promise<number> {
  const stopping = stopSignal();
  await assertPortFree(port, 'demo');
  console.log(`> starting ${count} virtual camera${count === 1 ? '' : 's'}`);
  const cameras = await spawnCameras({ count });
  const folder = mkdtempSync(join(tmpdir(), 'rtsp-stream-ws-demo-'));
  let service: DemoService | undefined;
  try {
    const configFile = join(folder, 'cameras.yaml');
    const entries = cameras.urls.map((url, i) => ({ name: `cam${i + 1}`, title: `Camera ${i + 1}`, url }));
    // JSON is YAML too.
    writeFileSync(configFile, JSON.stringify({ cameras: entries }, null, 2));

    console.log('> starting the service');
    service = startDemoService(port, { CONFIG_FILE: configFile }, { killAfterMs: KILL_AFTER_MS });
    void service.listening.then(() => announce(port, cameras.urls));
    const first = await Promise.race([service.ended, stopping]);
    if (first === 'stop') return 0;
    console.error('The service ended by itself.');
    return service.process.exitCode ?? 1;
  } finally {
    console.log('\n> stopping');
    await Promise.all([service?.end(), cameras.stop()]);
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

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  assertPortFree,
  type DemoService,
  HOST,
  startDemoService,
  stopSignal,
} from '../demo/demo-service.js';
import { commandLine, UsageError } from '../lib/command-line.js';
import { type NatsServers, natsServerProblem, startNats } from '../lib/nats-server.js';
import { type SpawnedCameras, spawnCameras } from '../virtual-camera/index.js';

/** `make demo-cluster`: a NATS server, three nodes around it, and virtual cameras that all of them have in CONFIG_FILE. */

const NODES = ['a', 'b', 'c'];
/** An orderly end takes 4.5 s at most, after 15 s at most for giving cameras away. */
const KILL_AFTER_MS = 21_000;

interface Parts {
  nats?: NatsServers;
  cameras?: SpawnedCameras;
  readonly nodes: Map<string, DemoService>;
}

async function demo(count: number, port: number): Promise<number> {
  const problem = natsServerProblem();
  if (problem !== '') throw new UsageError(problem);
  const stopping = stopSignal();
  for (const at of NODES.keys()) await assertPortFree(port + at, 'demo-cluster');
  const folder = mkdtempSync(join(tmpdir(), 'rtsp-stream-ws-demo-'));
  const parts: Parts = { nodes: new Map() };
  try {
    console.log(`> starting NATS, ${count} virtual cameras and ${NODES.length} nodes`);
    parts.nats = await startNats();
    parts.cameras = await spawnCameras({ count });
    const env = { ...configFiles(folder, parts.cameras.urls), NATS_URL: parts.nats.url };
    for (const [at, name] of NODES.entries()) {
      const options = { killAfterMs: KILL_AFTER_MS, prefix: `${name}: ` };
      parts.nodes.set(name, startDemoService(port + at, { ...env, NODE_NAME: name }, options));
    }
    const nodes = [...parts.nodes];
    const allEnded = Promise.all(nodes.map(([, { ended }]) => ended)).then(() => 'ended' as const);
    for (const [name, { ended }] of nodes) void ended.then(() => console.log(`> node ${name} has ended`));
    const listening = Promise.all(nodes.map(([, node]) => node.listening));
    void listening.then(() => announce(port, parts.nodes));
    return (await Promise.race([allEnded, stopping])) === 'stop' ? 0 : 1;
  } finally {
    console.log('\n> stopping');
    await Promise.all([...parts.nodes.values()].map((node) => node.end()));
    await Promise.all([parts.cameras?.stop(), parts.nats?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the settings that all nodes have in common */
function configFiles(folder: string, urls: readonly string[]): Record<string, string> {
  const CONFIG_FILE = join(folder, 'cameras.yaml');
  const cameras = urls.map((url, i) => ({ name: `cam${i + 1}`, title: `Camera ${i + 1}`, url }));
  // JSON is YAML too.
  writeFileSync(CONFIG_FILE, JSON.stringify({ cameras }, null, 2));
  return { CONFIG_FILE, CLUSTER_SECRET: randomBytes(16).toString('hex') };
}

function announce(port: number, nodes: ReadonlyMap<string, DemoService>): void {
  const line = ([name, { process: node }]: [string, DemoService], at: number): string =>
    `  Node ${name}          http://${HOST}:${port + at}/   process ${node.pid ?? 0}`;
  console.log(`
${[...nodes].map(line).join('\n')}

  All of them show the same wall, and each camera is decoded by one of them: http://${HOST}:${port}/api/cameras
  End a node (kill -9, or kill) and watch the walls of the others. Ctrl-C ends all of it.
`);
}

const { cameras: count, port } = commandLine({
  name: 'demo-cluster',
  about:
    'A NATS server, three nodes around it, and virtual cameras; needs nats-server on PATH, or NATS_SERVER.',
  options: {
    cameras: { default: 6, min: 1, max: 100, help: 'virtual cameras' },
    port: {
      default: 8003,
      min: 1,
      max: 65_533,
      help: 'port of the first node; the others have the next two',
    },
  },
});
try {
  process.exitCode = await demo(count, port);
} catch (error) {
  console.error(error instanceof UsageError ? `demo-cluster: ${error.message}` : error);
  process.exitCode = 1;
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CutProxy, startCutProxy } from '../lib/cut-proxy.js';
import { type NatsOptions, type NatsServers, startNats } from '../lib/nats-server.js';
import type { ServerProcess } from '../lib/server-process.js';
import { startService } from '../lib/service.js';
import { type CameraOptions, spawnCameras, type SpawnedCameras } from '../virtual-camera/index.js';

/** Nodes of a cluster as real processes, around real NATS servers, with virtual cameras that all nodes have in CONFIG_FILE. */

export interface CameraEntry {
  readonly camera: string;
  readonly state: string;
  readonly reason: string | null;
  readonly since: number;
  readonly viewers: number;
  readonly configured: boolean;
  readonly degraded: number;
  readonly frameAgeMs: number | null;
  readonly node: string | null;
}

export interface ClusterNode extends ServerProcess {
  readonly name: string;
  /** `/api/cameras`. */
  cameras(): Promise<CameraEntry[]>;
  camera(name: string): Promise<CameraEntry>;
  /** Sum of a metric's samples (without `rtsp_ws_`). */
  metric(name: string, labels?: string): Promise<number>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL, and waits for its end. */
  kill(): Promise<void>;
}

export interface TestCluster {
  readonly nats: NatsServers;
  readonly cameras: SpawnedCameras;
  /** Settings that all nodes have in common. */
  readonly settings: Readonly<Record<string, string>>;
  readonly nodes: ReadonlyMap<string, ClusterNode>;
  node(name: string): ClusterNode;
  /** The node's connection to NATS, if `proxied`. */
  link(name: string): CutProxy;
  /** Starts a node, or one that has ended anew. */
  start(name: string, env?: Readonly<Record<string, string>>): Promise<ClusterNode>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly nodes: readonly string[];
  readonly cameras?: Partial<CameraOptions>;
  readonly nats?: NatsOptions;
  /** Each node reaches the only NATS server through a proxy of its own, which can be cut. */
  readonly proxied?: boolean;
  /** For all nodes. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further keys of each camera in CONFIG_FILE. */
  readonly entry?: (name: string, urls: readonly string[]) => Readonly<Record<string, unknown>>;
}

const SECRET = 'a secret of all nodes';

export async function startCluster(options: ClusterOptions): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
  const nats = await startNats(options.nats);
  const cameras = await spawnCameras({ portsEach: true, ...options.cameras });
  const configFile = join(folder, 'cameras.yaml');
  const entries = cameras.urls.map((url, i) => ({
    name: `cam${i + 1}`,
    url,
    ...options.entry?.(`cam${i + 1}`, cameras.urls),
  }));
  // JSON is YAML too.
  writeFileSync(configFile, JSON.stringify({ cameras: entries }));
  const settings = {
    NATS_URL: nats.url,
    CLUSTER_SECRET: SECRET,
    CONFIG_FILE: configFile,
    ...options.env,
  };
  const nodes = new Map<string, ClusterNode>();
  const links = new Map<string, CutProxy>();
  const linkOf = async (name: string): Promise<CutProxy> => {
    const link = links.get(name) ?? (await startCutProxy(nats.ports[0] ?? 0));
    links.set(name, link);
    return link;
  };
  const start = async (name: string, env: Readonly<Record<string, string>> = {}): Promise<ClusterNode> => {
    const natsUrl = options.proxied ? `nats://127.0.0.1:${(await linkOf(name)).port}` : nats.url;
    const server = await startService({
      env: { ...settings, NATS_URL: natsUrl, NODE_NAME: name, ...env },
    });
    const node = clusterNode(name, server);
    nodes.set(name, node);
    return node;
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...nodes.values()].map((node) => node.stop()));
    await Promise.all([cameras.stop(), nats.stop(), ...[...links.values()].map((link) => link.stop())]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(options.nodes.map((name) => start(name)));
  } catch (error) {
    await stop();
    throw error;
  }
  const found = <T>(map: ReadonlyMap<string, T>, name: string): T => {
    const value = map.get(name);
    if (!value) throw new RangeError(`there is no node ${name}`);
    return value;
  };
  return {
    nats,
    cameras,
    settings,
    nodes,
    node: (name) => found(nodes, name),
    link: (name) => found(links, name),
    start,
    stop,
  };
}

function clusterNode(name: string, server: ServerProcess): ClusterNode {
  const cameras = async (): Promise<CameraEntry[]> => {
    const response = await fetch(`${server.url}/api/cameras`, { signal: AbortSignal.timeout(5000) });
    return ((await response.json()) as { cameras: CameraEntry[] }).cameras;
  };
  return {
    ...server,
    name,
    cameras,
    camera: async (camera) => {
      const found = (await cameras()).find((entry) => entry.camera === camera);
      if (!found) throw new RangeError(`node ${name} knows no ${camera}`);
      return found;
    },
    metric: async (metric, labels = '') => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return text
        .split('\n')
        .filter((line) => line.startsWith(`rtsp_ws_${metric}{`) || line.startsWith(`rtsp_ws_${metric} `))
        .filter((line) => line.includes(labels))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
    signal: (signal) => {
      process.kill(server.pid, signal);
    },
    kill: async () => {
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
  };
}

import { access, constants } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Peers } from './camera/peers.js';
import type { Cluster } from './cluster/cluster.js';
import type { NatsSettings } from './cluster/bus/nats-settings.js';
import { packageVersion } from './commands/version.js';
import type { Config } from './config/settings.js';
import { IdleMeter } from './load/cpu-idle.js';
import { allowedCpus, cpuLimits } from './load/cpu-limits.js';
import { epochMs, systemClock as clock } from './shared/clock.js';
import { ConfigError } from './shared/errors.js';
import type { Log } from './telemetry/log.js';
import type { Metrics } from './telemetry/metrics.js';

/** What the service needs of the cluster. A single node does nothing of it. */
export type ClusterPart = Pick<
  Cluster,
  'attach' | 'start' | 'configure' | 'problems' | 'relieve' | 'tellsOf' | 'drain' | 'close'
> & { readonly peers: Peers | null };

const SINGLE_NODE: ClusterPart = {
  peers: null,
  attach: () => undefined,
  start: () => Promise.resolve(),
  configure: () => undefined,
  problems: () => [],
  relieve: () => false,
  tellsOf: () => true,
  drain: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/**
 * This node's part in the cluster that the settings name. Without NATS_URL it is a single node, and nothing of the cluster is loaded.
 * @throws ConfigError when a file that they name cannot be read
 */
export async function createCluster(config: Config, metrics: Metrics, log: Log): Promise<ClusterPart> {
  const nats = natsSettings(config);
  if (!nats) return SINGLE_NODE;
  await checkFiles(config);
  if (config.CLUSTER_SECRET === '')
    log.warn(
      { event: 'no_cluster_secret' },
      'CLUSTER_SECRET is not set: who may read the NATS account can try passwords of cameras against its leases',
    );
  const { Cluster } = await import('./cluster/cluster.js');
  const { createClusterMetrics } = await import('./cluster/cluster-metrics.js');
  const idle = new IdleMeter();
  return new Cluster(
    {
      nats,
      cluster: config.CLUSTER_NAME,
      secret: config.CLUSTER_SECRET,
      node: config.NODE_NAME,
      site: config.NODE_SITE,
      role: config.NODE_ROLE,
      version: packageVersion(),
      maxOwned: config.MAX_CAMERAS,
      cores: usableCores(),
      maxLagMs: config.VIEWER_MAX_LAG_MS,
      defaults: {
        transport: config.RTSP_TRANSPORT,
        rendition: { width: config.FRAME_WIDTH, height: config.FRAME_HEIGHT, quality: config.JPEG_QUALITY },
        maxFps: config.MAX_FPS === 0 ? null : config.MAX_FPS,
      },
    },
    {
      clock,
      epochNow: epochMs,
      log,
      metrics: createClusterMetrics(metrics.registry),
      freeShare: () => idle.read(),
    },
  );
}

/** `null` without NATS_URL. */
export function natsSettings(config: Config): NatsSettings | null {
  const url = config.NATS_URL;
  if (!url) return null;
  const files = {
    ...(config.NATS_CA_FILE === '' ? {} : { caFile: config.NATS_CA_FILE }),
    ...(config.NATS_CERT_FILE === '' ? {} : { certFile: config.NATS_CERT_FILE }),
    ...(config.NATS_KEY_FILE === '' ? {} : { keyFile: config.NATS_KEY_FILE }),
  };
  return {
    servers: url.servers,
    user: url.user || config.NATS_USER,
    password: url.user === '' ? config.NATS_PASSWORD : url.password,
    token: config.NATS_TOKEN,
    credsFile: config.NATS_CREDS_FILE,
    tls: url.tls || Object.keys(files).length > 0 ? files : null,
  };
}

async function checkFiles(config: Config): Promise<void> {
  const problems: string[] = [];
  for (const name of ['NATS_CREDS_FILE', 'NATS_CA_FILE', 'NATS_CERT_FILE', 'NATS_KEY_FILE'] as const) {
    const file = config[name];
    if (file === '') continue;
    await access(file, constants.R_OK).catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      problems.push(`${name}=${JSON.stringify(file)}: cannot be read (${code})`);
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/** Processors that this process may use, parts of them included. */
function usableCores(): number {
  const limits = cpuLimits().map(({ cores }) => cores);
  return Math.min(availableParallelism(), allowedCpus()?.size ?? Infinity, ...limits);
}

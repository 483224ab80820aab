import type { AlarmDeps } from './alarms/create-alarms.js';
import { packageVersion } from './commands/version.js';
import type { Config } from './config/settings.js';
import type { ClusterPart } from './join-cluster.js';
import { systemClock as clock } from './shared/clock.js';

/** What the service needs of the alarms. */
export interface AlarmPart {
  /** Begins to look at the cameras, when they are configured. */
  start(): void;
  close(): Promise<void>;
}

const NO_ALARMS: AlarmPart = { start: () => undefined, close: () => Promise.resolve() };

/**
 * What tells others of the cameras' states. Without WEBHOOK_URLS and MQTT_URL nothing of it is loaded.
 * @throws ConfigError
 */
export async function createAlarmPart(
  config: Config,
  cluster: Pick<ClusterPart, 'tellsOf'>,
  deps: Pick<AlarmDeps, 'registry' | 'metrics' | 'log'>,
): Promise<AlarmPart> {
  if (config.WEBHOOK_URLS.length === 0 && config.MQTT_URL === null) return NO_ALARMS;
  const { createAlarms } = await import('./alarms/create-alarms.js');
  return createAlarms(config, {
    ...deps,
    clock,
    version: packageVersion(),
    node: config.NATS_URL === null ? null : config.NODE_NAME,
    tellsOf: (owner) => cluster.tellsOf(owner),
  });
}

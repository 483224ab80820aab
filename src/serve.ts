import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfigFile } from './config/cameras-file.js';
import type { Config } from './config/settings.js';
import { watchConfig } from './config/config-watch.js';
import { RefusedError } from './shared/errors.js';
import { fileSignature } from './shared/file-signature.js';
import { preferSmallMemory } from './frugal-memory.js';
import { createLog } from './telemetry/log.js';
import { createMetrics } from './telemetry/metrics.js';
import { startService } from './service.js';

/** How long an orderly end may take before the process leaves anyway: FFmpeg gets SIGKILL after 2 s. */
const EXIT_DEADLINE_MS = 4500;

/** In a cluster: how long the cameras may take to go to other nodes before that. Each takes a second or two, some at a time. */
const DRAIN_DEADLINE_MS = 15_000;

/**
 * The last log lines are written by another thread. When the log's reader is gone, that write tells pino so; an exit before would
 * make pino's last flush try for ever.
 */
const LOG_WRITTEN_MS = 100;

/**
 * Starts the service; from then on it lives until SIGTERM or SIGINT, which end the process.
 * @throws ConfigError, or what else keeps it from starting
 */
export async function serve(config: Config): Promise<void> {
  const seen = await fileSignature(config.CONFIG_FILE);
  const file = await loadConfigFile(config, process.env);
  preferSmallMemory();
  const metrics = createMetrics();
  const log = createLog(config.LOG_LEVEL, () => {
    metrics.logLinesDropped.inc();
  });
  const starting = startService(config, file, log, metrics);
  // From here on, so that an end in the middle of the start is an orderly one too.
  const shutDown = (signal: string): void => {
    process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT');
    log.info({ event: 'stopping', signal }, `stopping on ${signal}`);
    const leave = (code: number): void => {
      log.abandonUnread();
      process.exit(code);
    };
    const drainMs = config.NATS_URL === null ? 0 : DRAIN_DEADLINE_MS;
    setTimeout(leave, drainMs + EXIT_DEADLINE_MS, 1).unref();
    void starting
      .then(async (service) => {
        await Promise.race([service.drain(), sleep(drainMs)]);
        await service.close();
      })
      .then(() => sleep(LOG_WRITTEN_MS))
      .then(() => {
        leave(0);
      });
  };
  process.once('SIGTERM', shutDown).once('SIGINT', shutDown);

  const service = await starting;
  const watch = watchConfig(
    { path: config.CONFIG_FILE, seen },
    {
      load: () => loadConfigFile(config, process.env),
      apply: (next) => {
        service.configure(
          next,
          new RefusedError('reconfigured', 'camera was changed or removed: connect again'),
        );
      },
    },
    log,
  );
  process.on('SIGHUP', () => void watch.reload());
}

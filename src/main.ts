#!/usr/bin/env node
import { setTimeout as sleep } from 'node:timers/promises';
import { loadCameras } from './camera-config.js';
import { checkReport } from './check.js';
import { helpText, loadConfig, parseCommandLine } from './config.js';
import { fileSignature, watchConfig } from './config-watch.js';
import { runDoctor } from './doctor.js';
import { ConfigError, RefusedError } from './errors.js';
import { preferSmallMemory } from './frugal-memory.js';
import { createLog } from './log.js';
import { createMetrics } from './metrics.js';
import { startService } from './service.js';
import { versionText } from './version.js';

/** Exit codes of sysexits.h: wrong usage or settings; something needed is not to be had. */
const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;

/** How long an orderly end may take before the process leaves anyway: FFmpeg gets SIGKILL after 2 s. */
const EXIT_DEADLINE_MS = 4500;

/**
 * The last log lines are written by another thread. When the log's reader is gone, that write tells pino so; an exit before would
 * make pino's last flush try for ever.
 */
const LOG_WRITTEN_MS = 100;

async function main(): Promise<void> {
  const { command, operands, flags } = parseCommandLine(process.argv.slice(2));
  if (command === 'help' || command === 'version') {
    process.stdout.write(command === 'help' ? helpText() : versionText());
    return;
  }
  const config = loadConfig(process.env, flags);
  const seen = await fileSignature(config.CONFIG_FILE);
  const cameras = await loadCameras(config, process.env);
  if (command === 'check') {
    process.stdout.write(await checkReport(config, cameras));
    return;
  }
  if (command === 'doctor') {
    const seen = await runDoctor(operands[0] ?? '', config, cameras, (line) =>
      process.stdout.write(`${line}\n`),
    );
    process.exit(seen ? 0 : EX_UNAVAILABLE);
  }

  preferSmallMemory();
  const metrics = createMetrics();
  const log = createLog(config.LOG_LEVEL, () => {
    metrics.logLinesDropped.inc();
  });
  const starting = startService(config, cameras, log, metrics);
  // From here on, so that an end in the middle of the start is an orderly one too.
  const shutDown = (signal: string): void => {
    process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT');
    log.info({ event: 'stopping', signal }, `stopping on ${signal}`);
    const leave = (code: number): void => {
      log.abandonUnread();
      process.exit(code);
    };
    setTimeout(leave, EXIT_DEADLINE_MS, 1).unref();
    void starting
      .then((service) => service.close())
      .then(() => sleep(LOG_WRITTEN_MS))
      .then(() => {
        leave(0);
      });
  };
  process.once('SIGTERM', shutDown).once('SIGINT', shutDown);

  const { registry } = await starting;
  const watch = watchConfig(
    { path: config.CONFIG_FILE, seen },
    {
      load: () => loadCameras(config, process.env),
      apply: (next) => {
        registry.configure(
          next,
          new RefusedError('reconfigured', 'camera was changed or removed: connect again'),
        );
      },
    },
    log,
  );
  process.on('SIGHUP', () => void watch.reload());
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`rtsp-stream-ws: ${message}\n`);
  if (error instanceof ConfigError) process.stderr.write('--help lists all settings.\n');
  process.exit(error instanceof ConfigError ? EX_USAGE : EX_UNAVAILABLE);
});

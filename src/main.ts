#!/usr/bin/env node
import { helpText, loadConfig, parseCommandLine } from './config.js';
import { ConfigError } from './errors.js';

/** Exit codes of sysexits.h: wrong usage or settings; something needed is not to be had. */
const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Each command loads what it needs and no more: `--health` runs often and takes 0.15 s of a core, the service's modules alone 0.4. */
async function main(): Promise<void> {
  const { command, operands, flags } = parseCommandLine(process.argv.slice(2));
  switch (command) {
    case 'help':
      process.stdout.write(helpText());
      return;
    case 'version':
      process.stdout.write((await import('./version.js')).versionText());
      return;
    case 'health': {
      const { code, line } = await (await import('./health.js')).health(process.env, flags);
      say(line);
      return process.exit(code);
    }
    case 'check': {
      const config = loadConfig(process.env, flags);
      const { loadCameras } = await import('./camera-config.js');
      const { checkReport } = await import('./check.js');
      process.stdout.write(await checkReport(config, await loadCameras(config, process.env)));
      return;
    }
    case 'doctor': {
      const config = loadConfig(process.env, flags);
      const { loadCameras } = await import('./camera-config.js');
      const { runDoctor } = await import('./doctor.js');
      const cameras = await loadCameras(config, process.env);
      return process.exit((await runDoctor(operands[0] ?? '', config, cameras, say)) ? 0 : EX_UNAVAILABLE);
    }
    case 'serve':
      await (await import('./serve.js')).serve(loadConfig(process.env, flags));
  }
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`rtsp-stream-ws: ${message}\n`);
  if (error instanceof ConfigError) process.stderr.write('--help lists all settings.\n');
  process.exit(error instanceof ConfigError ? EX_USAGE : EX_UNAVAILABLE);
});

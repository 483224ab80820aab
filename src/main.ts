#!/usr/bin/env node
import { helpText, parseCommandLine } from './config/command-line.js';
import { loadConfig } from './config/settings.js';
import { ConfigError } from './shared/errors.js';

/** Exit codes of sysexits.h: wrong usage or settings; something needed is unavailable. */
const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;

/** A reader that has seen enough (`| head -1`) is no fault: what is asked is still answered by the exit code. */
function print(text: string): void {
  if (process.stdout.listenerCount('error') === 0)
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  process.stdout.write(text);
}

const say = (line: string): void => {
  print(`${line}\n`);
};

/** Each command loads what it needs and no more: `--health` runs often and takes 0.15 s of a core, the service's modules alone 0.4. */
async function main(): Promise<void> {
  const { command, operands, discover, flags } = parseCommandLine(process.argv.slice(2));
  switch (command) {
    case 'help':
      print(helpText());
      return;
    case 'version':
      print((await import('./commands/version.js')).versionText());
      return;
    case 'health': {
      const { code, line } = await (await import('./commands/health.js')).health(process.env, flags);
      say(line);
      return process.exit(code);
    }
    case 'check': {
      const config = loadConfig(process.env, flags);
      const { loadConfigFile } = await import('./config/cameras-file.js');
      const { checkReport } = await import('./commands/check.js');
      print(await checkReport(config, await loadConfigFile(config, process.env)));
      return;
    }
    case 'doctor': {
      const config = loadConfig(process.env, flags);
      const { loadConfigFile } = await import('./config/cameras-file.js');
      const { runDoctor } = await import('./commands/doctor/doctor.js');
      const { cameras } = await loadConfigFile(config, process.env);
      return process.exit((await runDoctor(operands[0] ?? '', config, cameras, say)) ? 0 : EX_UNAVAILABLE);
    }
    case 'discover': {
      const config = loadConfig(process.env, flags);
      const { runDiscover } = await import('./commands/discover.js');
      // Not `exit`: what it prints may be more than a pipe takes at once.
      process.exitCode = (await runDiscover(discover, config, process.env, print)) ? 0 : EX_UNAVAILABLE;
      return;
    }
    case 'serve':
      // It would end a process that does not listen yet. A file that changes meanwhile is noticed all the same.
      process.on('SIGHUP', () => undefined);
      await (await import('./serve.js')).serve(loadConfig(process.env, flags));
  }
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`rtsp-stream-ws: ${message}\n`);
  if (error instanceof ConfigError) process.stderr.write('--help lists all settings.\n');
  process.exit(error instanceof ConfigError ? EX_USAGE : EX_UNAVAILABLE);
});

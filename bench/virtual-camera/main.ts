import { EX_USAGE } from '../lib/command-line.js';
import { HELP, parseCommandLine, type CommandLine } from './command-line.js';
import { startCameras } from './cameras.js';
import { OptionsError } from './parse.js';

/** Command line of the virtual cameras: starts them, tells where they are, ends with a signal or with its parent. */

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function readCommandLine(): CommandLine {
  try {
    return parseCommandLine(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    say(`virtual-camera: ${error.message.split('. To specify')[0] ?? ''}; see --help`);
    process.exit(EX_USAGE);
  }
}

const { options, exitWithParent, help } = readCommandLine();
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}

let stopping: Promise<void> | undefined;
const starting = startCameras(options, say);
const stop = (): void => {
  stopping ??= starting.then((cameras) => cameras.stop()).then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
if (exitWithParent) process.stdin.resume().once('close', stop);

try {
  const cameras = await starting;
  const list = await cameras.list();
  if (!process.stdout.isTTY)
    process.stdout.write(`${JSON.stringify({ ready: true, control: cameras.control, cameras: list })}\n`);
  for (const camera of list) say(camera.url);
  if (options.auth !== 'none')
    say(`they ask for credentials (${options.auth}); put user and password in the URL`);
  say(`control: ${cameras.control}/cameras`);
} catch (error) {
  say(`the cameras cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

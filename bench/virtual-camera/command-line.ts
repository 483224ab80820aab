import { parseArgs } from 'node:util';
import { AUTH_MODES, completeOptions, MATRICES, PATTERNS, type CameraOptions } from './options.js';
import { oneOf, OptionsError, parseSize } from './parse.js';

/** The command line of the virtual cameras. */

export interface CommandLine {
  readonly options: CameraOptions;
  readonly exitWithParent: boolean;
  readonly help: boolean;
}

export const HELP = `Virtual RTSP cameras: H.264 test pictures that carry their frame number.

  --count N          cameras (1), called NAME1, NAME2 ...
  --host ADDRESS     address to listen on (127.0.0.1)
  --port N           RTSP port (8554); 0: the system chooses
  --ports-each       a port for each camera: N, N+1 ...; faults of the port then hit one camera alone
  --control-port N   HTTP control server (0: the system chooses)
  --size WxH         picture (640x360)
  --fps N            frames a second (25)
  --gop N            frames from key frame to key frame (one second)
  --bitrate N        bits a second (500000 at 640x360, by area)
  --clip-frames N    frames in the looped clip, a multiple of the GOP (the largest up to 512)
  --pattern NAME     ${PATTERNS.slice(0, 5).join(', ')},
                     ${PATTERNS.slice(5).join(', ')} (testsrc2)
  --noise N          sensor noise, 0-100 (0); 8 decodes about as street scenes of that bitrate do
  --matrix NAME      the picture's colour matrix, which the stream then names: bt601, bt709, bt2020 (unnamed, bt601)
  --independent      key frames spread over the GOP, as cameras' are that know nothing of each other; else they come together
  --name PREFIX      cameras' names (cam)
  --auth MODE        ${AUTH_MODES.join(', ')} (none)
  --user, --password credentials for it
  --fault NAME[:ARG] every camera begins with this fault:
                     refuse, gone:MS, silent, silent-after-play, stall:N, reset:N, status:CODE,
                     redirect:URL, bad-auth, one-session, resize:WxH, garbage, loss:PERCENT,
                     trickle[:BYTES], freeze
  --exit-with-parent end when standard input closes
  --help             this text

The control server: GET /cameras, GET /sent?camera=NAME&from=NUMBER, POST /fault with
{"camera": NAME or "*", "fault": "stall:10" or null}.
Unless it is a terminal, standard output begins with a line of JSON: {"ready":true,"control":URL,"cameras":[...]}.
`;

const FLAGS = {
  count: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string', default: '8554' },
  'ports-each': { type: 'boolean' },
  'control-port': { type: 'string' },
  size: { type: 'string' },
  fps: { type: 'string' },
  gop: { type: 'string' },
  bitrate: { type: 'string' },
  'clip-frames': { type: 'string' },
  pattern: { type: 'string' },
  noise: { type: 'string' },
  matrix: { type: 'string' },
  independent: { type: 'boolean' },
  name: { type: 'string' },
  auth: { type: 'string' },
  user: { type: 'string' },
  password: { type: 'string' },
  fault: { type: 'string' },
  'exit-with-parent': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** @throws OptionsError, also for unknown flags. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = (() => {
    try {
      return parseArgs({ args: [...args], options: FLAGS });
    } catch (error) {
      throw new OptionsError(error instanceof Error ? error.message : String(error));
    }
  })();
  const size = values.size === undefined ? {} : parseSize(values.size);
  const number = (key: string, text: string | undefined): Record<string, number> =>
    text === undefined ? {} : { [key]: Number(text) };
  const text = (key: string, value: string | undefined): Record<string, string> =>
    value === undefined ? {} : { [key]: value };
  const options = completeOptions({
    ...size,
    ...number('count', values.count),
    ...number('port', values.port),
    ...number('controlPort', values['control-port']),
    ...number('fps', values.fps),
    ...number('gop', values.gop),
    ...number('bitrate', values.bitrate),
    ...number('clipFrames', values['clip-frames']),
    ...number('noise', values.noise),
    ...text('host', values.host),
    ...text('name', values.name),
    ...text('user', values.user),
    ...text('password', values.password),
    portsEach: values['ports-each'] ?? false,
    independent: values.independent ?? false,
    pattern: oneOf('pattern', values.pattern ?? 'testsrc2', PATTERNS),
    matrix: values.matrix === undefined ? null : oneOf('matrix', values.matrix, MATRICES),
    auth: oneOf('auth', values.auth ?? 'none', AUTH_MODES),
    fault: values.fault ?? null,
  });
  return { options, exitWithParent: values['exit-with-parent'] ?? false, help: values.help ?? false };
}

/** The command line that gives these options again; {@link parseCommandLine} is its inverse. */
export function toArguments(options: CameraOptions): string[] {
  const pairs: [string, string | number][] = [
    ['count', options.count],
    ['host', options.host],
    ['port', options.port],
    ['control-port', options.controlPort],
    ['size', `${options.width}x${options.height}`],
    ['fps', options.fps],
    ['gop', options.gop],
    ['bitrate', options.bitrate],
    ['clip-frames', options.clipFrames],
    ['pattern', options.pattern],
    ['noise', options.noise],
    ['name', options.name],
    ['auth', options.auth],
    ['user', options.user],
    ['password', options.password],
  ];
  if (options.matrix !== null) pairs.push(['matrix', options.matrix]);
  if (options.fault !== null) pairs.push(['fault', options.fault]);
  const flags = [
    ...(options.portsEach ? ['--ports-each'] : []),
    ...(options.independent ? ['--independent'] : []),
  ];
  return [...pairs.map(([name, value]) => `--${name}=${value}`), ...flags];
}

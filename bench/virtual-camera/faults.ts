import { OptionsError, parseSize, within, type Size } from './parse.js';

/**
 * What can be wrong with a camera, spelled `NAME` or `NAME:ARGUMENT`. A camera has one fault at a time, and it holds
 * for its present viewers too (except where answers to DESCRIBE or SETUP are meant) until another or none is set.
 *
 * | fault | what the camera does |
 * | --- | --- |
 * | `refuse` | closes its port and its connections: connection refused |
 * | `gone:MS` | the same, and is back without any fault after MS milliseconds |
 * | `silent` | accepts connections, never answers, sends nothing |
 * | `silent-after-play` | answers everything, sends no media: `stall:0` |
 * | `stall:N` | sends no media after N pictures to a viewer, keeps the connection |
 * | `reset:N` | resets the TCP connection inside an RTP packet after N pictures to a viewer |
 * | `status:CODE` | answers DESCRIBE with CODE (400-599); 453 and 461 come at SETUP, as real cameras do |
 * | `one-session` | answers SETUP with 453 while somebody else plays |
 * | `redirect:URL` | answers DESCRIBE with 302 to URL |
 * | `bad-auth` | asks for credentials and refuses all |
 * | `resize:WxH` | from the next key frame on, its picture has another size; parameter sets come in band |
 * | `garbage` | its slices are random bytes that no decoder takes for a picture |
 * | `loss:PERCENT` | leaves out that part of its RTP packets, on UDP and TCP |
 * | `trickle[:BYTES]` | sends so many bytes of its stream a second (default 50); on UDP one packet a second |
 * | `freeze` | repeats one key frame: the picture does not change, bit for bit |
 *
 * `refuse` and `gone` close a port, and with it every camera that shares it: use `portsEach` to hit one alone.
 */
export type Fault =
  | { readonly kind: 'refuse' | 'silent' | 'bad-auth' | 'one-session' | 'garbage' | 'freeze' }
  | { readonly kind: 'gone'; readonly ms: number }
  | { readonly kind: 'stall' | 'reset'; readonly frames: number }
  | { readonly kind: 'status'; readonly code: number }
  | { readonly kind: 'redirect'; readonly url: string }
  | { readonly kind: 'resize'; readonly size: Size }
  | { readonly kind: 'loss'; readonly percent: number }
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number };

type Parser = (argument: string) => Fault;

const plain =
  (kind: 'refuse' | 'silent' | 'bad-auth' | 'one-session' | 'garbage' | 'freeze'): Parser =>
  (argument) => {
    if (argument !== '') throw new OptionsError(`fault ${kind} takes no argument`);
    return { kind };
  };

const whole = (name: string, argument: string, low: number, high: number): number =>
  within(`argument of fault ${name}`, argument === '' ? Number.NaN : Number(argument), low, high);

const PARSERS: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ['refuse', plain('refuse')],
  ['silent', plain('silent')],
  ['bad-auth', plain('bad-auth')],
  ['one-session', plain('one-session')],
  ['garbage', plain('garbage')],
  ['freeze', plain('freeze')],
  ['silent-after-play', () => ({ kind: 'stall', frames: 0 })],
  ['gone', (arg) => ({ kind: 'gone', ms: whole('gone', arg, 1, 3_600_000) })],
  ['stall', (arg) => ({ kind: 'stall', frames: whole('stall', arg, 0, 1_000_000) })],
  ['reset', (arg) => ({ kind: 'reset', frames: whole('reset', arg, 0, 1_000_000) })],
  ['status', (arg) => ({ kind: 'status', code: whole('status', arg, 400, 599) })],
  ['redirect', (arg) => ({ kind: 'redirect', url: redirectTarget(arg) })],
  ['resize', (arg) => ({ kind: 'resize', size: parseSize(arg) })],
  ['loss', (arg) => ({ kind: 'loss', percent: percent(arg) })],
  [
    'trickle',
    (arg) => ({ kind: 'trickle', bytesPerSecond: arg === '' ? 50 : whole('trickle', arg, 1, 100_000) }),
  ],
]);

function percent(argument: string): number {
  const value = argument === '' ? Number.NaN : Number(argument);
  if (!(value >= 0 && value <= 100))
    throw new OptionsError('argument of fault loss must be a number from 0 to 100');
  return value;
}

function redirectTarget(url: string): string {
  if (!/^[\x21-\x7e]{1,2000}$/.test(url)) throw new OptionsError('fault redirect needs a URL');
  return url;
}

/** @throws OptionsError naming what is wrong. */
export function parseFault(text: string): Fault {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const parser = PARSERS.get(name);
  if (parser === undefined) {
    throw new OptionsError(`unknown fault; known are ${[...PARSERS.keys()].join(', ')}`);
  }
  return parser(colon < 0 ? '' : text.slice(colon + 1));
}

/** Statuses that a camera gives at SETUP, having described itself: not enough bandwidth, unsupported transport. */
const SETUP_STATUSES = new Set([453, 461]);

/**
 * The status that the fault wants as the answer to this method, if any.
 * @param clients who play now
 */
export function statusFor(fault: Fault | null, method: string, clients: number): number | null {
  if (fault?.kind === 'one-session') return method === 'SETUP' && clients > 0 ? 453 : null;
  if (fault?.kind !== 'status') return null;
  const at = SETUP_STATUSES.has(fault.code) ? 'SETUP' : 'DESCRIBE';
  return method === at ? fault.code : null;
}

import { readFile } from 'node:fs/promises';
import { cameraDefaults, type Environment, parseConfigFile } from '../config/cameras-file.js';
import type { DiscoverOptions } from '../config/command-line.js';
import type { Config } from '../config/settings.js';
import { askDevice } from '../discovery/ask-device.js';
import { type ConfigEntry, configEntry, entriesText } from '../discovery/config-entry.js';
import { type DeviceLogin, parseCredentials } from '../discovery/credentials.js';
import type { FoundDevice } from '../discovery/probe-match.js';
import { scan, scanAddresses, type Scanned, WS_DISCOVERY_PORT } from '../discovery/scan.js';
import { DeviceError } from '../discovery/soap-client.js';
import { ConfigError } from '../shared/errors.js';
import { type AddressPolicy, createAddressPolicy } from '../source/address-policy.js';

/** Devices that are asked at the same time. */
const AT_A_TIME = 8;
const MAX_FILE_BYTES = 256 * 1024;

/** What became of one device. */
type Outcome =
  { readonly kind: 'entry'; readonly entry: ConfigEntry } | { readonly kind: 'note'; readonly text: string };

interface Asking {
  readonly config: Config;
  readonly env: Environment;
  readonly policy: AddressPolicy;
  readonly logins: ReadonlyMap<string, DeviceLogin>;
  readonly timeoutMs: number;
}

/**
 * `rtsp-stream-ws --discover`: finds ONVIF devices, asks those that it has a login for, and prints a CONFIG_FILE. What else there is to
 * say stands in comments.
 * @param print gets text with its line ends; no password
 * @param port of WS-Discovery
 * @returns whether anything could be scanned
 * @throws ConfigError
 */
export async function runDiscover(
  { interfaces, timeoutMs, credentialsFile }: DiscoverOptions,
  config: Config,
  env: Environment,
  print: (text: string) => void,
  port = WS_DISCOVERY_PORT,
): Promise<boolean> {
  const policy = createAddressPolicy({ allow: config.RTSP_ALLOW, deny: config.RTSP_DENY });
  const { from, unknown } = scanAddresses(interfaces);
  const problems = [
    ...policy.problems,
    ...unknown.map((name) => `--interface ${name}: no interface of that name has an IPv4 address`),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  const logins = await readCredentials(credentialsFile, env);
  const asking: Asking = { config, env, policy, logins, timeoutMs };
  if (from.length === 0) print('# No interface but loopback has an IPv4 address: nothing was scanned.\n');
  const scanned = await scan(from, { timeoutMs, port });
  for (const each of scanned) print(`# ${scannedText(each, timeoutMs)}\n`);
  const devices = scanned.flatMap((each) => each.devices);
  const outcomes = await askAll(devices, asking);
  for (const outcome of outcomes) if (outcome.kind === 'note') print(`# ${outcome.text}\n`);
  print(entriesText(outcomes.flatMap((outcome) => (outcome.kind === 'entry' ? [outcome.entry] : []))));
  return scanned.some(({ problem }) => problem === null);
}

function scannedText({ interface: name, address, devices, problem }: Scanned, timeoutMs: number): string {
  const what = problem === null ? `${devices.length} ONVIF devices` : `nothing was sent (${problem})`;
  return `Scanned ${name} (IPv4, from ${address}) for ${timeoutMs / 1000} s: ${what}`;
}

async function readCredentials(file: string, env: Environment): Promise<Map<string, DeviceLogin>> {
  const given = env['DISCOVER_CREDENTIALS'] ?? '';
  if (file === '') return parseCredentials(given, 'DISCOVER_CREDENTIALS', env);
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new ConfigError([`--credentials ${file}: cannot be read (${code})`]);
  }
  if (bytes.length > MAX_FILE_BYTES) throw new ConfigError([`--credentials ${file}: is larger than 256 KB`]);
  return parseCredentials(bytes.toString(), '--credentials', env);
}

/** In the order of the devices, some at a time. */
async function askAll(devices: readonly FoundDevice[], asking: Asking): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...devices.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      outcomes[next[0]] = await ask(next[1], asking);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return outcomes;
}

async function ask(
  device: FoundDevice,
  { config, env, policy, logins, timeoutMs }: Asking,
): Promise<Outcome> {
  const { address, service, foreign, name } = device;
  const who = name === '' ? address : `${address} (${name})`;
  const note = (text: string): Outcome => ({ kind: 'note', text: `${who}: ${text}` });
  const denied = policy.judgeAddress(address, address);
  if (denied !== null) return note(`not asked: it ${denied}`);
  if (!service) return note(`not asked: it names ${foreign.join(', ') || 'no address'} instead of itself`);
  const known = logins.get(address);
  if (!known) return note('not asked: DISCOVER_CREDENTIALS or --credentials has no login for it');
  try {
    const entry = configEntry(address, await askDevice(service, known.login, timeoutMs), known.userinfo);
    // What is printed is what the service would read.
    parseConfigFile(entriesText([entry]), address, cameraDefaults(config), env);
    return { kind: 'entry', entry };
  } catch (error) {
    if (error instanceof DeviceError) return note(error.message);
    if (error instanceof ConfigError) return note(`left out: ${error.problems.join('; ')}`);
    throw error;
  }
}

import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { probe, PROBED_TYPES } from './envelopes.js';
import { type FoundDevice, parseProbeMatch } from './probe-match.js';

/** WS-Discovery's group and port (1.0, 2.4). */
const GROUP = '239.255.255.250';
export const WS_DISCOVERY_PORT = 3702;

/** Each type in turn, and once more, since datagrams get lost. The first answers come within half a second (APP_MAX_DELAY). */
const PROBES_AT_MS = [0, 100, 500, 600];
/** A probe match is 1 to 2 KB. */
const MAX_DATAGRAM_BYTES = 16 * 1024;
/** Each probe is answered once for each of a host's services. */
const MAX_ANSWERS_PER_HOST = 10;
/** Over all interfaces: an installation with more is scanned interface by interface. */
const MAX_DEVICES = 500;
const MAX_ANSWERS = 5000;

/** One IPv4 address of this machine from which is scanned. */
export interface ScanFrom {
  readonly interface: string;
  readonly address: string;
}

/**
 * Where to scan from.
 * @param names interfaces; empty is all but loopback
 * @returns `unknown` are names that no interface with an IPv4 address has
 */
export function scanAddresses(
  names: readonly string[],
  all: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): { readonly from: readonly ScanFrom[]; readonly unknown: readonly string[] } {
  const from = Object.entries(all).flatMap(([name, addresses = []]) =>
    addresses
      .filter(
        ({ family, internal }) => family === 'IPv4' && (names.length > 0 ? names.includes(name) : !internal),
      )
      .map(({ address }) => ({ interface: name, address })),
  );
  const found = new Set(from.map((each) => each.interface));
  return { from, unknown: names.filter((name) => !found.has(name)) };
}

/** What came of the scan from one address. */
export interface Scanned extends ScanFrom {
  readonly devices: readonly FoundDevice[];
  /** Why nothing could be sent; `null` when it could. */
  readonly problem: string | null;
}

export interface ScanOptions {
  readonly timeoutMs: number;
  readonly port: number;
}

/** What of all answers is still looked at. */
interface Budget {
  devices: number;
  answers: number;
}

/** Probes from all these addresses at once. A device that several of them reach is found at the first. */
export async function scan(from: readonly ScanFrom[], options: ScanOptions): Promise<Scanned[]> {
  const seen = new Set<string>();
  const budget: Budget = { devices: MAX_DEVICES, answers: MAX_ANSWERS };
  return Promise.all(from.map((each) => scanFrom(each, options, seen, budget)));
}

async function scanFrom(
  from: ScanFrom,
  { timeoutMs, port }: ScanOptions,
  seen: Set<string>,
  budget: Budget,
): Promise<Scanned> {
  const questions = PROBED_TYPES.map((type) => ({ type, id: `urn:uuid:${randomUUID()}` }));
  const ids = questions.map(({ id }) => id);
  const probes = questions.map(({ type, id }) => probe(id, type));
  const devices: FoundDevice[] = [];
  const answers = new Map<string, number>();
  const socket = createSocket('udp4');
  const problems: string[] = [];
  socket.on('error', (error: NodeJS.ErrnoException) => {
    problems.push(error.code ?? 'failed');
  });
  socket.on('message', (datagram, { address }) => {
    const count = (answers.get(address) ?? 0) + 1;
    if (datagram.length > MAX_DATAGRAM_BYTES || count > MAX_ANSWERS_PER_HOST || seen.has(address)) return;
    if (budget.answers-- <= 0 || budget.devices <= 0) return;
    answers.set(address, count);
    const device = parseProbeMatch(datagram, address, ids);
    if (!device) return;
    seen.add(address);
    budget.devices--;
    devices.push(device);
  });
  try {
    socket.bind(0, from.address);
    await Promise.race([once(socket, 'listening'), once(socket, 'error')]);
    if (problems.length === 0) {
      socket.setMulticastInterface(from.address);
      await probeInTurn((turn) => socket.send(probes[turn % probes.length] ?? '', port, GROUP), timeoutMs);
    }
  } catch (error) {
    problems.push(error instanceof Error && 'code' in error ? String(error.code) : 'failed');
  } finally {
    socket.close();
  }
  return { ...from, devices, problem: problems[0] ?? null };
}

async function probeInTurn(send: (turn: number) => void, timeoutMs: number): Promise<void> {
  let at = 0;
  for (const [turn, due] of PROBES_AT_MS.entries()) {
    await sleep(due - at);
    at = due;
    send(turn);
  }
  await sleep(timeoutMs - at);
}

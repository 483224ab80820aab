import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { freePort } from '../support/free-port.js';
import type { Scope } from '../support/rig.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

/** Debian has it where only root's PATH looks. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

/** A Mosquitto of the test's own, on loopback. */
export interface Broker {
  readonly port: number;
  start(): Promise<void>;
  /** As a machine that loses its power; retained messages are gone. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** @param lines of its configuration, beside the listener */
export async function startBroker(
  t: Scope,
  lines: readonly string[] = ['allow_anonymous true'],
): Promise<Broker> {
  const folder = tempFolder(t);
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  // As root it would become the user `mosquitto`, who cannot read the test's files.
  const user = process.getuid?.() === 0 ? ['user root'] : [];
  writeFileSync(file, [`listener ${port} 127.0.0.1`, 'persistence false', ...user, ...lines, ''].join('\n'));
  let child: ChildProcess | null = null;
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const start = async (): Promise<void> => {
    const started = spawn('mosquitto', ['-c', file], { env: { PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    let said = '';
    started.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until(
      () => `mosquitto runs: ${said}`,
      () => /mosquitto version .* running/.test(said),
      10_000,
    );
    await sleep(20);
  };
  t.after(kill);
  await start();
  return { port, start, kill, signal: (signal) => child?.kill(signal) };
}

export interface SeenMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retained: boolean;
}

/** A client that reads along. */
export interface Reader {
  readonly client: MqttClient;
  readonly messages: SeenMessage[];
  /** The newest payload of a topic. */
  last(topic: string): string | undefined;
  json(topic: string): Record<string, unknown>;
}

export async function read(
  t: Scope,
  broker: Pick<Broker, 'port'>,
  options: Parameters<typeof connectAsync>[1] = {},
): Promise<Reader> {
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { reconnectPeriod: 0, ...options });
  t.after(() => client.endAsync(true));
  const messages: SeenMessage[] = [];
  client.on('error', () => undefined);
  client.on('message', (topic, payload, { retain }) => messages.push({ topic, payload, retained: retain }));
  await client.subscribeAsync('#', { qos: 1 });
  const last = (topic: string): string | undefined =>
    messages.findLast((message) => message.topic === topic)?.payload.toString();
  return {
    client,
    messages,
    last,
    json: (topic) => JSON.parse(last(topic) ?? 'null') as Record<string, unknown>,
  };
}

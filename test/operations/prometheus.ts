import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilSeen } from '../support/until.js';
import { freePort } from '../support/free-port.js';

/** Debian's Prometheus on loopback, with the repository's own configuration turned to a service under test. */
export interface Prometheus {
  /** Result of an instant query. @throws Error with Prometheus' words when it refuses the query */
  query(expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]>;
  api(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

const INSTALL = 'apt-get install prometheus';

/** @param targets `host:port` of each service @param folder docker/prometheus of the repository */
export async function startPrometheus(folder: string, ...targets: readonly string[]): Promise<Prometheus> {
  const own = mkdtempSync(join(tmpdir(), 'prometheus-'));
  cpSync(folder, own, { recursive: true });
  const file = join(own, 'prometheus.yml');
  const config = readFileSync(file, 'utf8');
  const target = targets.join("', '");
  // Scraped more often than in earnest: the test has little time.
  const turned = config.replace('relay:8003', target).replaceAll('10s', '1s');
  if (turned === config || !turned.includes(target))
    throw new Error('prometheus.yml has no target relay:8003');
  writeFileSync(file, turned);
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(own, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-4000)));
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${error.message}: ${INSTALL}`));
    child.once('exit', () => resolve(words));
  });
  const base = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(own, { recursive: true, force: true });
  };
  const ready = untilSeen(
    () =>
      fetch(`${base}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    (ok) => ok,
    20_000,
  );
  const failure = await Promise.race([ready.then(() => null), ended]);
  if (failure !== null) {
    await stop();
    throw new Error(`Prometheus did not start: ${failure}`);
  }
  const api = async (path: string): Promise<unknown> => {
    const answer = (await (await fetch(`${base}/api/v1/${path}`)).json()) as ApiAnswer;
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error ?? 'failed'}`);
    return answer.data;
  };
  return {
    api,
    query: async (expr) => {
      const data = (await api(`query?query=${encodeURIComponent(expr)}`)) as { result: [] };
      return data.result;
    },
    stop,
  };
}

interface ApiAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data: unknown;
}

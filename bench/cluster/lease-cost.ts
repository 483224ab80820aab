import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { NatsBuckets } from '../../src/cluster/bus/nats-buckets.js';
import { bucketNames } from '../../src/cluster/bus/subjects.js';
import { adoptLease, type Lease, takeLease } from '../../src/cluster/ownership/lease.js';
import { systemClock } from '../../src/shared/clock.js';
import { createLog } from '../../src/telemetry/log.js';
import { startNats } from '../lib/nats-server.js';
import { runTimeNs } from '../lib/run-time.js';

export interface LeaseCost {
  readonly leases: number;
  /** Processor time of all three servers for one renewal, microseconds. */
  readonly brokers: number;
  /** Leases that were still held at the end. */
  readonly held: number;
}

const SETTLED_MS = 4000;

/** What keeping leases costs three NATS servers: each lease is renewed once a second, as owners do. */
export async function measureLeaseCost(leases: number, seconds: number): Promise<LeaseCost> {
  const nats = await startNats({ count: 3 });
  const connection = await connect({ servers: nats.url.split(',') });
  const log = createLog('silent', () => undefined);
  const now = (): number => systemClock.now();
  const buckets = new NatsBuckets(bucketNames('bench'), () => true, now, log);
  const owner = { node: 'bench', instance: '0'.repeat(16) };
  const held: Lease[] = [];
  try {
    buckets.connected(connection, 0);
    await sleep(SETTLED_MS);
    await buckets.open({ node: () => undefined, cameras: () => undefined });
    for (let i = 0; i < leases; i++) {
      const taken = await takeLease(`cam${i}`, 'x'.repeat(22), owner, buckets, systemClock);
      const lease =
        taken.type === 'taken' ? taken.lease : await adoptLease(`cam${i}`, owner, buckets, systemClock);
      if (lease) held.push(lease);
    }
    const used = (): number => nats.pids.reduce((sum, pid) => sum + runTimeNs(pid), 0);
    const before = used();
    await sleep(seconds * 1000);
    const brokers = (used() - before) / 1000 / (held.length * seconds);
    return { leases, brokers, held: held.filter(({ state }) => state === 'held').length };
  } finally {
    await Promise.all(held.map((lease) => lease.release()));
    buckets.close();
    await connection.close();
    await nats.stop();
  }
}

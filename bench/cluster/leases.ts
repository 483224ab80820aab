import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { bucketNames } from '../../src/cluster/bus/subjects.js';

/** Keys of the leases that stand in the owners' bucket of a test cluster: streams that somebody owns. */
export async function heldLeases(url: string, cluster = 'rtsp-ws'): Promise<string[]> {
  const connection = await connect({ servers: url.split(',') });
  try {
    const bucket = await new Kvm(jetstream(connection)).open(bucketNames(cluster).owners);
    const keys: string[] = [];
    for await (const key of await bucket.keys()) keys.push(key);
    return keys;
  } finally {
    await connection.close();
  }
}

import { jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { checkVersion, ClusterSetupError, connectionOptions, describe } from './bus/nats-options.js';
import { readCameraList, readNodeRecord } from './bus/messages.js';
import type { NatsSettings } from './bus/nats-settings.js';
import { streamKeyToToken } from './bus/stream-key.js';
import { bucketNames, Subjects } from './bus/subjects.js';
import { Directory } from './nodes/directory.js';
import { holderOf } from './ownership/lease.js';
import { SourceHasher } from './ownership/source-hash.js';
import { explainPlacement, type NodeVerdict } from './placement/explain.js';

/** A stream that one wants to know about. */
export interface SurveyedStream {
  /** As leases name it: `gate`, `gate~main`. */
  readonly stream: string;
  /** The configured camera's name, and whether it is its main stream. */
  readonly name: string;
  readonly main: boolean;
  readonly site: string;
  /** One text for the source (`RtspUrl.identity`). */
  readonly identity: string;
}

/** Who owns a stream, and what each node would be to it. */
export interface StreamSurvey {
  readonly owner: string | null;
  /** The owner opened it from another address than the one asked for. */
  readonly otherSource: boolean;
  /** Nodes that have another CLUSTER_SECRET: none of what they say of sources can be compared. */
  readonly otherSecret: readonly string[];
  readonly nodes: readonly NodeVerdict[];
}

/** A server that keeps buckets answers within this, ms. */
const ANSWER_MS = 2000;

/**
 * Looks up in NATS who owns streams, without joining the cluster.
 * @param cluster CLUSTER_NAME and CLUSTER_SECRET; NODE_NAME names the inbox, since an account may let it read no other
 * @throws ClusterSetupError with what to do, when NATS cannot be reached or has no such cluster
 */
export async function surveyStreams(
  settings: NatsSettings,
  cluster: { readonly name: string; readonly secret: string; readonly node: string },
  streams: readonly SurveyedStream[],
): Promise<StreamSurvey[]> {
  const identity = {
    name: `${cluster.name} ${cluster.node}`,
    inbox: new Subjects(cluster.name).inbox(cluster.node),
  };
  let connection: NatsConnection | null = null;
  try {
    connection = await connect({ ...(await connectionOptions(settings, identity)), reconnect: false });
    checkVersion(connection.info?.version ?? '');
    const { owners, nodes, cameras } = await openBuckets(connection, cluster.name);
    const directory = await readDirectory(nodes, cameras);
    const hasher = new SourceHasher(cluster.secret, cluster.name);
    return await Promise.all(streams.map((stream) => survey(stream, owners, directory, hasher)));
  } catch (error) {
    if (error instanceof ClusterSetupError) throw error;
    throw new ClusterSetupError(describe(error instanceof Error ? error : new Error(String(error))));
  } finally {
    await connection?.close();
  }
}

type Buckets = Readonly<Record<keyof ReturnType<typeof bucketNames>, KV>>;

async function openBuckets(connection: NatsConnection, cluster: string): Promise<Buckets> {
  const kvm = new Kvm(jetstream(connection, { timeout: ANSWER_MS }));
  const names = bucketNames(cluster);
  const open = async (name: string): Promise<KV> => {
    const bucket = await kvm.open(name, { allow_direct: false });
    // Opening asks nobody; a bucket that is not there shows here.
    await bucket.status().catch((error: unknown) => {
      throw new ClusterSetupError(`NATS has no cluster ${cluster}: no node runs, or check CLUSTER_NAME`, {
        cause: error,
      });
    });
    return bucket;
  };
  const [owners, nodes, cameras] = await Promise.all([
    open(names.owners),
    open(names.nodes),
    open(names.cameras),
  ]);
  return { owners, nodes, cameras };
}

/** Everything is known at one moment, so that one time does for all. */
const NOW = 0;

async function readDirectory(nodes: KV, cameras: KV): Promise<Directory> {
  const directory = new Directory(() => NOW);
  for await (const name of await nodes.keys()) {
    const [node, list] = await Promise.all([nodes.get(name), cameras.get(name)]);
    const record = node?.operation === 'PUT' ? readNodeRecord(node.value) : null;
    if (!record) continue;
    directory.noteNode(name, record);
    if (list?.operation === 'PUT') directory.noteCameras(name, readCameraList(list.value));
  }
  return directory;
}

async function survey(
  { stream, name, main, site, identity }: SurveyedStream,
  owners: KV,
  directory: Directory,
  hasher: SourceHasher,
): Promise<StreamSurvey> {
  const entry = await owners.get(streamKeyToToken(stream));
  const holder = entry?.operation === 'PUT' ? holderOf(entry) : null;
  const hash = hasher.hash(identity);
  const nodes = directory.nodes();
  const knows = (node: string): boolean => directory.lists(node, name, main, hash);
  const hasOtherSecret = (node: string): boolean => directory.record(node)?.secretCheck !== hasher.check;
  return {
    owner: holder?.node ?? null,
    otherSource: holder !== null && holder.hash !== hash,
    otherSecret: nodes.map((node) => node.name).filter(hasOtherSecret),
    nodes: explainPlacement({ stream, site, knows }, nodes),
  };
}

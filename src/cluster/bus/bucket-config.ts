import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';

/** @param lifeMs how long an entry lives */
export const bucketConfig = (bucket: string, lifeMs: number, copies: number) => ({
  name: `KV_${bucket}`,
  subjects: subjectsOf(bucket),
  retention: RetentionPolicy.Limits,
  storage: StorageType.Memory,
  discard: DiscardPolicy.New,
  num_replicas: copies,
  max_msgs_per_subject: 1,
  max_age: nanos(lifeMs),
  duplicate_window: nanos(lifeMs),
  allow_rollup_hdrs: true,
  allow_direct: false,
  deny_delete: true,
  // Revisions are epochs: they must grow also when the servers lost everything and the bucket is made anew.
  first_seq: Date.now(),
});

/**
 * What is wrong with a bucket that somebody made; empty when nothing is. JetStream publishes what a stream is told to under any subject: a
 * bucket that stores or publishes more than its own entries could speak in every node's name.
 */
export function bucketProblem(bucket: string, config: Partial<StreamConfig>): string {
  const { subjects = [], republish, mirror, sources, subject_transform } = config;
  const isOwn = subjects.length === 1 && subjects[0] === subjectsOf(bucket)[0];
  const hasMore = republish ?? mirror ?? sources?.[0] ?? subject_transform;
  return isOwn && !hasMore
    ? ''
    : `the bucket ${bucket} is not as nodes make it: delete the stream KV_${bucket}`;
}

const subjectsOf = (bucket: string): string[] => [`$KV.${bucket}.>`];

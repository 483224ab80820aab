/**
 * Every subject of the cluster. The first token is CLUSTER_NAME, so that an account can be limited to it; then comes what the message
 * is, then the node that it is for, then the node that it is from. Names of nodes are single tokens (NODE_NAME's pattern).
 */
export class Subjects {
  constructor(private readonly cluster: string) {}

  /** Frames of `owner` for `edge`. */
  frames(edge: string, owner: string): string {
    return `${this.cluster}.frames.${edge}.${owner}`;
  }
  /** What `edge` has taken of `owner`'s frames. */
  acks(owner: string, edge: string): string {
    return `${this.cluster}.acks.${owner}.${edge}`;
  }
  /** What `edge` wants of `owner`. */
  demand(owner: string, edge: string): string {
    return `${this.cluster}.demand.${owner}.${edge}`;
  }
  /** What `owner` tells all nodes of its cameras. */
  state(owner: string): string {
    return `${this.cluster}.state.${owner}`;
  }
  /** Answers for `node` come below this: its requests to other nodes and to JetStream. */
  inbox(node: string): string {
    return `${this.cluster}.inbox.${node}`;
  }
  /** Asks `node` to open a camera, take one over, or pass one on, or whether it is there. */
  request(kind: 'open' | 'take' | 'pass' | 'here', node: string): string {
    return `${this.cluster}.${kind}.${node}`;
  }
}

/** The last token: the node that a message is from. NATS's permissions may keep others from using it. */
export const senderOf = (subject: string): string => subject.slice(subject.lastIndexOf('.') + 1);

/**
 * Whether a message is of a subscription's subject. JetStream delivers what a consumer's maker asks for on any subject, with the subject
 * that it was stored under: without this, who may write a lease could speak in another node's name.
 * @param subject may end in the wildcard `*`
 */
export function subjectFilter(subject: string): (given: string) => boolean {
  if (!subject.endsWith('*')) return (given) => given === subject;
  const fixed = subject.slice(0, -1);
  return (given) => given.startsWith(fixed);
}

/** Names of the key-value buckets. */
export const bucketNames = (cluster: string) =>
  ({ owners: `${cluster}-owners`, nodes: `${cluster}-nodes`, cameras: `${cluster}-cameras` }) as const;

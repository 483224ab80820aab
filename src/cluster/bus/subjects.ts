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
  /** Asks `node` to open a camera, take one over, or pass one on. */
  request(kind: 'open' | 'take' | 'pass', node: string): string {
    return `${this.cluster}.${kind}.${node}`;
  }
}

/** The last token: the node that a message is from. NATS's permissions may keep others from using it. */
export const senderOf = (subject: string): string => subject.slice(subject.lastIndexOf('.') + 1);

/** Names of the key-value buckets. */
export const bucketNames = (cluster: string) =>
  ({ owners: `${cluster}-owners`, nodes: `${cluster}-nodes`, cameras: `${cluster}-cameras` }) as const;

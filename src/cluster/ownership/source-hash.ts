import { createHmac } from 'node:crypto';

/** Bytes that are kept of the HMAC: two sources of one name never share 128 bits by chance. */
const HASH_BYTES = 16;

/** What this cluster's nodes have in place of a camera's source: 22 characters of base64url. */
export type SourceHash = string;

/**
 * Hides sources from whoever reads the bus: with the key unknown, no guess of a password can be tried against the hash.
 */
export class SourceHasher {
  readonly #key: string;

  /**
   * @param secret CLUSTER_SECRET, the same on all nodes; may be empty, and then the hash hides nothing from a patient reader
   * @param cluster CLUSTER_NAME: two clusters with one secret have different hashes
   */
  constructor(secret: string, cluster: string) {
    this.#key = `${cluster}\n${secret}`;
  }

  /** @param identity one text for each source, credentials included (`RtspUrl.identity`) */
  hash(identity: string): SourceHash {
    return this.#mac(`source\n${identity}`);
  }

  /** Equal on nodes that have the same secret; tells nothing else. */
  get check(): string {
    return this.#mac('check');
  }

  #mac(text: string): string {
    return createHmac('sha256', this.#key)
      .update(text)
      .digest()
      .subarray(0, HASH_BYTES)
      .toString('base64url');
  }
}

/** How to reach NATS and who to be there; built from the settings by the composition root. */
export interface NatsSettings {
  /** `host:port` each, without scheme and credentials. */
  readonly servers: readonly string[];
  readonly user: string;
  readonly password: string;
  readonly token: string;
  readonly credsFile: string;
  /** Encrypted, with the system's authorities unless a file names others; `null`: as the server asks. */
  readonly tls: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string } | null;
}

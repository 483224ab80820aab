import { type Auth, createAuth } from './access/auth.js';
import { loadJwks } from './access/load-jwks.js';
import type { Catalogue, CameraGroup } from './access/rights.js';
import { SignerKeys } from './access/signer-keys.js';
import type { Config } from './config/settings.js';
import { systemClock as clock } from './shared/clock.js';
import type { Log } from './telemetry/log.js';
import type { Views } from './wall/views.js';

/** Who may come in, by the settings and CONFIG_FILE, and the keys of whoever signs tokens elsewhere. */
export interface SignIn {
  readonly auth: Auth;
  configure(file: { readonly groups: readonly CameraGroup[] }): void;
  /** Asks for the keys, and for newer ones until the end. A signer may come up later than this service. */
  start(): Promise<void>;
  close(): void;
}

export function createSignIn(config: Config, views: Views, log: Log): SignIn {
  let groups: readonly CameraGroup[] = [];
  const catalogue: Catalogue = { viewsOf: views.of, groups: () => groups };
  const keys = config.JWT_JWKS_URL && createKeys(config.JWT_JWKS_URL, log);
  const signer = keys && { keys, issuer: config.JWT_ISSUER, audience: config.JWT_AUDIENCE };
  const auth = createAuth(
    {
      tokens: config.AUTH_TOKENS,
      jwtSecret: config.AUTH_JWT_SECRET,
      signer,
      groupsClaim: config.JWT_GROUPS_CLAIM,
      proxyUsers: config.AUTH_PROXY_HEADER !== '',
    },
    undefined,
    catalogue,
  );
  return {
    auth,
    configure: (file) => {
      groups = file.groups;
    },
    start: async () => {
      if (!keys) return;
      await keys.start();
      if (config.JWT_AUDIENCE === '')
        log.warn(
          { event: 'any_audience' },
          'tokens that JWT_JWKS_URL signed for other services let in here too: set JWT_AUDIENCE',
        );
    },
    close: () => keys?.close(),
  };
}

function createKeys(url: URL, log: Log): SignerKeys {
  const source = url.protocol === 'file:' ? url.pathname : url.host;
  return new SignerKeys(() => loadJwks(url), clock, {
    loaded: () => log.info({ event: 'jwks_loaded', source }, `keys of tokens loaded from ${source}`),
    failed: (problem) =>
      log.error({ event: 'jwks_failed', source }, `keys of tokens: ${source} ${problem}: tried again`),
  });
}

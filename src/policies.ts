import { checkJwksFile } from './access/load-jwks.js';
import { createOriginPolicy } from './access/origin.js';
import type { Config } from './config/settings.js';
import { checkTlsFiles, type TlsFiles, tlsFilesOf } from './config/tls-files.js';
import { ConfigError } from './shared/errors.js';
import { createAddressPolicy } from './source/address-policy.js';

/** Where cameras may be, and which pages may ask. Throws ConfigError with one line for each wrong entry of either. */
export function createPolicies(config: Config) {
  const policy = createAddressPolicy({ allow: config.RTSP_ALLOW, deny: config.RTSP_DENY });
  const origins = createOriginPolicy(config.ALLOWED_ORIGINS);
  const problems = [...policy.problems, ...origins.problems];
  if (problems.length > 0) throw new ConfigError(problems);
  return { policy, origins };
}

/** Looks at the files that the settings name. Throws ConfigError. Null: the service does not speak TLS. */
export async function checkFiles(config: Config): Promise<TlsFiles | null> {
  const tls = tlsFilesOf(config);
  if (tls) await checkTlsFiles(tls);
  await checkJwksFile(config.JWT_JWKS_URL);
  return tls;
}

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AlarmConfig } from '../config/alarm-settings.js';
import { ConfigError } from '../shared/errors.js';
import { type AddressPolicy, createAddressPolicy } from '../source/address-policy.js';

/** What the settings need before anything is dialled. */
export interface AlarmPlan {
  /** Where webhooks may go. */
  readonly policy: AddressPolicy;
  readonly ca: Buffer | null;
  readonly cert: Buffer | null;
  readonly key: Buffer | null;
}

/**
 * Judges the settings as far as they can be without a connection, for the start and for `--check`.
 * @throws ConfigError with one line for each mistake
 */
export async function planAlarms(config: AlarmConfig): Promise<AlarmPlan> {
  const policy = createAddressPolicy(
    { allow: config.WEBHOOK_ALLOW, deny: [] },
    { allow: 'WEBHOOK_ALLOW', deny: 'WEBHOOK_DENY' },
  );
  const problems = [...policy.problems];
  config.WEBHOOK_URLS.forEach(({ host }, i) => {
    const denied = policy.judgeHost(host);
    if (denied !== null) problems.push(`WEBHOOK_URLS: host ${i + 1}, ${host}, ${denied}`);
  });
  const read = async (
    name: 'MQTT_CA_FILE' | 'MQTT_CERT_FILE' | 'MQTT_KEY_FILE',
    parse: (pem: Buffer) => unknown,
  ): Promise<Buffer | null> => {
    const file = config[name];
    if (file === '') return null;
    let problem = 'cannot be read';
    try {
      const pem = await readFile(file);
      problem = name === 'MQTT_KEY_FILE' ? 'holds no private key in PEM' : 'holds no certificate in PEM';
      parse(pem);
      return pem;
    } catch {
      problems.push(`${name}=${JSON.stringify(file)}: ${problem}`);
      return null;
    }
  };
  const ca = await read('MQTT_CA_FILE', (pem) => new X509Certificate(pem));
  const cert = await read('MQTT_CERT_FILE', (pem) => new X509Certificate(pem));
  const key = await read('MQTT_KEY_FILE', createPrivateKey);
  if (cert && key && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    problems.push('MQTT_KEY_FILE: is not the key of the certificate in MQTT_CERT_FILE');
  if (problems.length > 0) throw new ConfigError(problems);
  return { policy, ca, cert, key };
}

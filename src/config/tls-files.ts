import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Config } from './settings.js';
import { ConfigError } from '../shared/errors.js';

export interface TlsFiles {
  /** PEM: the certificate, then what a client needs to trace it to a root. */
  readonly certFile: string;
  /** PEM, without a passphrase. */
  readonly keyFile: string;
}

/** The files that the settings name; `null` is plain HTTP. */
export function tlsFilesOf(config: Pick<Config, 'TLS_CERT_FILE' | 'TLS_KEY_FILE'>): TlsFiles | null {
  if (config.TLS_CERT_FILE === '') return null;
  return { certFile: config.TLS_CERT_FILE, keyFile: config.TLS_KEY_FILE };
}

/**
 * Reads both files once, before uWebSockets.js does: it says of a wrong one no more than "App construction failed".
 * Throws ConfigError naming the setting, the file and what is wrong with it.
 */
export async function checkTlsFiles({ certFile, keyFile }: TlsFiles): Promise<void> {
  const problems: string[] = [];
  const parsed = async <T>(
    setting: string,
    file: string,
    what: string,
    parse: (pem: Buffer) => T,
  ): Promise<T | null> => {
    try {
      const pem = await readFile(file);
      try {
        return parse(pem);
      } catch {
        problems.push(`${setting}=${JSON.stringify(file)}: holds no ${what}`);
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      problems.push(`${setting}=${JSON.stringify(file)}: cannot be read (${code})`);
    }
    return null;
  };
  const certificate = await parsed('TLS_CERT_FILE', certFile, 'certificate in PEM', readCertificate);
  const key = await parsed('TLS_KEY_FILE', keyFile, 'private key in PEM without a passphrase', readKey);
  if (certificate && key && !certificate.checkPrivateKey(key))
    problems.push(
      `TLS_KEY_FILE=${JSON.stringify(keyFile)}: is not the key of the certificate in TLS_CERT_FILE`,
    );
  if (problems.length > 0) throw new ConfigError(problems);
}

const readCertificate = (pem: Buffer): X509Certificate => new X509Certificate(pem);
const readKey = (pem: Buffer): KeyObject => createPrivateKey(pem);

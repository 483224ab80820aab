import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWK, SignJWT } from 'jose';

/** Somebody who signs tokens for people: one key, whose public half is in a key set. */
export interface TestSigner {
  readonly jwk: JWK;
  /** @param claims `exp` is in an hour unless given */
  sign(claims?: Record<string, unknown>): Promise<string>;
}

export async function createSigner(kid: string, alg: 'RS256' | 'ES256' = 'ES256'): Promise<TestSigner> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    sign: (claims = {}) =>
      new SignJWT({ exp: Math.floor(Date.now() / 1000) + 3600, ...claims })
        .setProtectedHeader({ alg, kid })
        .sign(privateKey),
  };
}

export const keySetOf = (...signers: readonly TestSigner[]): JSONWebKeySet => ({
  keys: signers.map(({ jwk }) => jwk),
});

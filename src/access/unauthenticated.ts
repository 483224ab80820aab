import { RefusedError } from '../shared/errors.js';

/** @param message names the setting or claim, and never repeats the credential */
export const unauthenticated = (message: string): RefusedError =>
  new RefusedError('unauthenticated', message);

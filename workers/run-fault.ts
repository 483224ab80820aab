import type { RunEnd } from '../src/shared/worker-protocol.js';

/** Why a run ends that nobody told to. */
export type RunFault = Exclude<RunEnd, { readonly code: 'stopped' }>;

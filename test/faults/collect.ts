import { isMainThread } from 'node:worker_threads';

/** Loaded into the service with `--import`, beside `--expose-gc`: SIGUSR2 collects its garbage. */
if (isMainThread) process.on('SIGUSR2', () => globalThis.gc?.());

import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into the service with `--import`: faults inside the process that nothing outside can cause.
 * - SIGUSR2 keeps the main thread busy for BUSY_MS.
 * - ENCODE_FAIL_EVERY=N: each Nth frame fails to encode. ENCODE_SLOW_MS=N: each frame takes that much longer.
 * - ENCODE_HANG_AT=N: the first worker thread that comes to its Nth frame hangs there in native code, for HANG_S.
 */
const failEvery = Number(process.env['ENCODE_FAIL_EVERY'] ?? 0);
const slowMs = Number(process.env['ENCODE_SLOW_MS'] ?? 0);
const hangAt = Number(process.env['ENCODE_HANG_AT'] ?? 0);
const HANG_S = 12;
/** In the environment of the process, which all threads share: one of them hangs already. */
const HANGS = 'ENCODE_HANGS';

export const BUSY_MS = 500;

const standStill = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

if (isMainThread) process.on('SIGUSR2', () => standStill(BUSY_MS));
else if (failEvery > 0 || slowMs > 0 || hangAt > 0) wrapEncoder();

type Native = (...args: unknown[]) => unknown;
interface Library {
  func(signature: string): Native;
}

/** Puts the fault between the worker and libjpeg-turbo's compressor. */
function wrapEncoder(): void {
  const koffi = createRequire(import.meta.url)('koffi') as { load: (path: string) => Library };
  const { load } = koffi;
  const libc = load('libc.so.6');
  const sleep = libc.func('unsigned int sleep(unsigned int seconds)');
  const getenv = libc.func('const char *getenv(const char *name)');
  const setenv = libc.func('int setenv(const char *name, const char *value, int overwrite)');
  const hang = (): void => {
    if (getenv(HANGS) !== null) return;
    setenv(HANGS, '1', 1);
    sleep(HANG_S);
  };
  let calls = 0;
  koffi.load = (path) => {
    const library = load(path);
    if (!path.includes('turbojpeg')) return library;
    return {
      func: (signature) => {
        const native = library.func(signature);
        if (!signature.includes('tj3CompressFromYUV8')) return native;
        return (...args) => {
          if (slowMs > 0) standStill(slowMs);
          calls++;
          if (calls === hangAt) hang();
          return failEvery > 0 && calls % failEvery === 0 ? -1 : native(...args);
        };
      },
    };
  };
}

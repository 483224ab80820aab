import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../telemetry/log.js';
import { ConfigError } from '../shared/errors.js';
import { fileSignature } from '../shared/file-signature.js';

/** How often the file is looked at: one `stat`. */
const POLL_MS = 1000;

/** A change is read when the file has not changed again for so long: editors and `cp` write in several steps. */
const SETTLE_MS = 200;

export interface ConfigWatchTimes {
  readonly pollMs: number;
  readonly settleMs: number;
}

export interface ConfigWatch {
  /** Reads the file now (SIGHUP); resolves when it is applied or refused. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * Applies the file again when it changes. What `load` cannot make sense of is logged, and what was applied before stays.
 *
 * It polls instead of asking the kernel: inotify sees nothing of a file that is mounted by itself into a container, of NFS, or
 * behind a symlink; `stat` sees all of them, a rename over the file and Kubernetes' swap of symlinks.
 * @param file its path ('' watches nothing; `reload` still works), and its signature from before it was first read, so that no
 *   change in between is missed
 */
export function watchConfig<T>(
  { path, seen }: { readonly path: string; readonly seen: string },
  steps: { load(): Promise<T>; apply(value: T): void },
  log: Log,
  { pollMs, settleMs }: ConfigWatchTimes = { pollMs: POLL_MS, settleMs: SETTLE_MS },
): ConfigWatch {
  let last: Promise<void> = Promise.resolve();
  const end = new AbortController();
  const { signal } = end;

  const read = async (): Promise<void> => {
    const loaded = await loadWhole(path, () => steps.load(), settleMs, signal);
    if (signal.aborted) return;
    if ('problems' in loaded) {
      const { problems } = loaded;
      log.error(
        { event: 'config_refused', file: path, problems },
        `cameras stay as they were: ${problems.join('; ')}`,
      );
    } else {
      steps.apply(loaded.value);
      log.info({ event: 'config_reloaded', file: path }, `${path} is applied`);
    }
  };
  // One after the other: an older text must not be applied after a newer one.
  const reload = (): Promise<void> => {
    last = last.then(read).catch((error: unknown) => {
      log.error({ event: 'config_reload_failed', error }, 'reloading CONFIG_FILE failed');
    });
    return last;
  };
  const watch = async (): Promise<void> => {
    let signature = seen;
    while (!signal.aborted) {
      await pause(pollMs);
      let now = await fileSignature(path);
      if (now === signature) continue;
      // A file that changes again is still being written: its first half may be a valid, shorter list of cameras.
      do {
        signature = now;
        await pause(settleMs);
        now = await fileSignature(path);
      } while (now !== signature);
      await reload();
    }
  };
  if (path !== '') void watch();
  return {
    reload,
    close: () => {
      end.abort();
    },
  };
}

type Loaded<T> = { readonly value: T } | { readonly problems: readonly string[] };

/** Somebody may write while it is read, and half of the file be read: then it is read again. @throws what is no ConfigError */
async function loadWhole<T>(
  path: string,
  load: () => Promise<T>,
  pauseMs: number,
  signal: AbortSignal,
): Promise<Loaded<T>> {
  for (;;) {
    const before = await fileSignature(path);
    const loaded = await loadOnce(load);
    if (signal.aborted || (await fileSignature(path)) === before) return loaded;
    await pause(pauseMs);
  }
}

async function loadOnce<T>(load: () => Promise<T>): Promise<Loaded<T>> {
  try {
    return { value: await load() };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    throw error;
  }
}

const pause = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false });

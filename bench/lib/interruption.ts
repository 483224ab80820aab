/** Exit status of a bench that was interrupted and found nothing wrong by then, as shells give it for SIGINT. */
export const INTERRUPTED_STATUS = 130;

/**
 * From now on SIGINT or SIGTERM aborts the signal that is returned, so that a bench ends early and still tells what it has found. A second
 * one ends the process at once.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => {
      console.log(`${name}: ends early; once more: at once`);
      controller.abort();
    });
  return controller.signal;
}

/** Where the service's paths begin, BASE_PATH included: where this script is. */
const base = new URL('.', import.meta.url);

/** A path of the service, as `api/cameras`. */
export const servicePath = (path: string): string => new URL(path, base).pathname;

/** Goes to the page of a view, or with null to the wall of all cameras. */
export function openView(view: string | null): void {
  location.assign(servicePath(view === null ? '.' : `view/${view}`));
}

export function toggleFullScreen(): void {
  // Refused outside of a gesture or inside a frame without the right: then nothing changes.
  const change = document.fullscreenElement
    ? document.exitFullscreen()
    : document.documentElement.requestFullscreen();
  change.catch(() => undefined);
}

/** Goes to the page of a view, or with null to the wall of all cameras. */
export function openView(view: string | null): void {
  location.assign(view === null ? '/' : `/view/${view}`);
}

export function toggleFullScreen(): void {
  // Refused outside of a gesture or inside a frame without the right: then nothing changes.
  const change = document.fullscreenElement
    ? document.exitFullscreen()
    : document.documentElement.requestFullscreen();
  change.catch(() => undefined);
}

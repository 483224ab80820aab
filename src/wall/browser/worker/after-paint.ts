/** Longest wait for a frame to be shown, ms. */
const PAINT_MS = 500;

/**
 * Calls back when a frame that was given to an OffscreenCanvas of this worker is on the page's canvas. It is shown with the
 * worker's next animation frame, and is there for certain by the one after. Hidden pages have none: then a timer does.
 */
export function afterPaint(action: () => void): void {
  let done = false;
  const once = (): void => {
    if (!done) action();
    done = true;
  };
  setTimeout(once, PAINT_MS);
  requestAnimationFrame(() => requestAnimationFrame(once));
}

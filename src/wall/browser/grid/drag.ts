/** Dragging tiles into another order, by mouse, pen or (after a long press) finger. Nothing animates. */

export interface DragTarget {
  /** The item at a point of the viewport, or null. */
  at(x: number, y: number): HTMLElement | null;
  /** `dragged` takes the place of `over`. */
  place(dragged: HTMLElement, over: HTMLElement): void;
  dropped(dragged: HTMLElement): void;
}

const SLOP_PX = 8;
/** The usual long press of touch systems. */
const PRESS_MS = 450;

export function makeDraggable(list: HTMLElement, target: DragTarget): void {
  let dragged: HTMLElement | null = null;
  let start: { readonly item: HTMLElement; readonly x: number; readonly y: number } | null = null;
  let press: ReturnType<typeof setTimeout> | undefined;
  let justDropped = false;

  const lift = (): void => {
    dragged = start?.item ?? null;
    dragged?.classList.add('dragged');
  };
  const end = (): void => {
    clearTimeout(press);
    start = null;
    if (!dragged) return;
    const item = dragged;
    item.classList.remove('dragged');
    dragged = null;
    justDropped = true;
    target.dropped(item);
  };
  list.addEventListener('pointerdown', (event) => {
    justDropped = false;
    const item = event.button === 0 && event.isPrimary ? target.at(event.clientX, event.clientY) : null;
    if (!item) return;
    start = { item, x: event.clientX, y: event.clientY };
    if (event.pointerType === 'touch') press = setTimeout(lift, PRESS_MS);
  });
  addEventListener('pointermove', (event) => {
    if (!start) return;
    const far = Math.hypot(event.clientX - start.x, event.clientY - start.y) > SLOP_PX;
    if (!dragged && far) {
      // A finger that moves before the long press scrolls.
      if (event.pointerType === 'touch') end();
      else lift();
    }
    const over = dragged ? target.at(event.clientX, event.clientY) : null;
    if (dragged && over && over !== dragged) target.place(dragged, over);
  });
  addEventListener('pointerup', end);
  addEventListener('pointercancel', end);
  // The list must not scroll under a tile that is being dragged by a finger; only a listener that is not passive can stop it.
  list.addEventListener(
    'touchmove',
    (event) => {
      if (dragged) event.preventDefault();
    },
    { passive: false },
  );
  // The click that ends a drag is none. Browsers may leave it out, so one by keyboard (its detail is 0) must not be taken for it.
  list.addEventListener(
    'click',
    (event) => {
      if (!justDropped || event.detail === 0) return;
      justDropped = false;
      event.stopPropagation();
      event.preventDefault();
    },
    { capture: true },
  );
}

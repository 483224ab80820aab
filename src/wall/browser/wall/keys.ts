import type { Grid } from '../grid/grid.js';

export interface KeyActions {
  help(): void;
  fullScreen(): void;
  /** What changes the wall; null where that is given, as in a view. */
  readonly edit: EditActions | null;
}

export interface EditActions {
  add(): void;
  manage(): void;
  columns(by: 1 | -1 | 0): void;
  ordered(): void;
}

/** The keyboard of the wall. Buttons keep their own keys: Enter and Space on a tile are its click. */
export function listenKeys(grid: Grid, actions: KeyActions): void {
  const { edit } = actions;
  const plain: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => grid.step(-1, 0),
    ArrowRight: () => grid.step(1, 0),
    ArrowUp: () => grid.step(0, -1),
    ArrowDown: () => grid.step(0, 1),
    Escape: () => grid.enlarge(null),
    i: () => grid.toggleInfo(),
    r: () => grid.tryAgainCurrent(),
    f: () => actions.fullScreen(),
    '?': () => actions.help(),
    ...(edit && {
      Delete: () => grid.removeCurrent(),
      a: () => edit.add(),
      m: () => edit.manage(),
      '+': () => edit.columns(-1),
      '-': () => edit.columns(1),
      '0': () => edit.columns(0),
    }),
  };
  const shifted: Readonly<Record<string, () => boolean>> = edit
    ? { ArrowLeft: () => grid.shift(-1), ArrowRight: () => grid.shift(1) }
    : {};
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
    const shift = event.shiftKey ? shifted[event.key] : undefined;
    const action = plain[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (shift) {
      if (shift()) edit?.ordered();
    } else if (action) action();
    else return;
    event.preventDefault();
  });
}

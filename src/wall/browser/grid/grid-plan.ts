import type { Arrangement } from '../../page/layout.js';
import type { GridCell, WallCamera } from './grid-cell.js';

/** What the grid shows, and how. */
export interface GridPlan {
  /** In this order. */
  readonly shown: readonly WallCamera[];
  /** To be shown next: they get pictures already. */
  readonly next?: readonly WallCamera[];
  /** Cameras that are given up for now, and keep their last picture; cells of all others are dropped. */
  readonly away?: readonly WallCamera[];
  readonly arrangement: Arrangement;
  readonly fps?: number | undefined;
  readonly quality?: number | undefined;
}

/** Whether a camera's cell is the first of those that stand where it stands. */
export function leads(plan: GridPlan, { place, camera }: GridCell): boolean {
  const { shown, next = [] } = plan;
  return (place === 'next' ? next : shown)[0]?.camera === camera.camera;
}

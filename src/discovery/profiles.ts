/** One profile of a device: a configuration of its encoder. Sides are 0 where it does not say. */
export interface Profile {
  readonly token: string;
  /** `H264`, `H265`, `JPEG` ...; empty where it does not say. */
  readonly encoding: string;
  readonly width: number;
  readonly height: number;
}

/** A wall's tile: a stream that is smaller than this has to be blown up. */
const TILE_WIDTH = 480;

const area = ({ width, height }: Profile): number => width * height;

/**
 * Which profile a wall shows, and which a tile in focus: the smallest that fills a tile, and the largest. Motion JPEG only where there is
 * nothing else.
 * @returns `main` is `null` when there is one only; `small` when there is none
 */
export function chooseProfiles(all: readonly Profile[]): {
  readonly small: Profile | null;
  readonly main: Profile | null;
} {
  const named = all.filter(({ token }) => token !== '');
  const video = named.filter(({ encoding }) => encoding !== 'JPEG');
  const profiles = [...(video.length > 0 ? video : named)].sort((a, b) => area(a) - area(b));
  const small = profiles.find(({ width }) => width >= TILE_WIDTH) ?? profiles.at(-1) ?? null;
  const main = profiles.at(-1) ?? null;
  return { small, main: main === small ? null : main };
}

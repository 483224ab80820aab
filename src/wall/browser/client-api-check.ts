/** Compiles only while client-api.d.ts, which is written by hand for other people's projects, describes client.ts. */
import type * as declared from './client-api.js';
import * as client from './client.js';

type Declared = Omit<typeof declared, 'WallTile'>;
client satisfies Declared;

/** WallTile is not constructed by others, so only its instances are compared. */
export const checkTile: (tile: client.WallTile) => Pick<declared.WallTile, keyof declared.WallTile> = (
  tile,
) => tile;

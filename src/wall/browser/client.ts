/** `/client.js`: the wall's own parts for other pages. client.d.ts are its types. */
import { CameraTile } from './camera-tile.js';

export { CameraTile };
export { WallClient } from './wall-client.js';
export { WallTile } from './wall-tile.js';

if (!customElements.get('camera-tile')) customElements.define('camera-tile', CameraTile);

/** `/client.js`: the wall's own parts for other pages. client.d.ts are its types. */
import { CameraTile } from './tile/camera-tile.js';

export { CameraTile };
export { WallClient } from './tile/wall-client.js';
export { WallTile } from './tile/wall-tile.js';

if (!customElements.get('camera-tile')) customElements.define('camera-tile', CameraTile);

import { hasGraphics, probeVideo } from './video-support.js';
import { WallTiles } from './wall-tiles.js';
import { type FromWorker, STATS_MS, type ToWorker } from './worker-messages.js';

/** The worker of a wall: socket, decoding and drawing happen here, so that the page's thread has nothing to do. */

/** The part of a worker's global scope that is used; the DOM library only knows a window's. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
  close(): void;
}
const scope = globalThis as unknown as WorkerScope;

/** What the browser carries is judged once in so long. */
const JUDGE_MS = 1000;

async function start(): Promise<WallTiles> {
  const ability = await probeVideo();
  const machine = { graphics: hasGraphics(), cores: navigator.hardwareConcurrency };
  const tiles = new WallTiles({ ...ability, ...machine }, (news) => scope.postMessage(news));
  setInterval(() => tiles.reportStats(), STATS_MS);
  setInterval(() => tiles.judge(), JUDGE_MS);
  return tiles;
}

const started = start();
// From the first moment on: what came while a module still waits would be lost. Then in the order in which it came.
scope.onmessage = ({ data }) => {
  void started.then((tiles) => {
    tiles.handle(data);
    if (data.type === 'close') scope.close();
  });
};

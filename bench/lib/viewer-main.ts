import { once } from 'node:events';
import { ViewerCrowd } from './viewer-process.js';
import { summarize, toLoadProcess, viewerLoad, type FromLoadProcess } from './viewer-load.js';

/**
 * Load generator in a process of its own: `node dist/bench/lib/viewer-main.js '{"port":8003,"paths":["/ws?..."],...}'`.
 * Alone it prints one JSON summary; as a child of runViewers it reports to its parent.
 */
const load = viewerLoad.parse(JSON.parse(process.argv[2] ?? '{}') as unknown);
const crowd = new ViewerCrowd(load);

/** Resolves when it is on its way: a long result would be lost at the process' end. */
function tell(message: FromLoadProcess): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}

if (process.send === undefined) {
  await crowd.open();
  const result = await crowd.measure();
  console.log(JSON.stringify(summarize([result])));
} else {
  // A load without its parent would go on for nobody.
  process.on('disconnect', () => process.exit(1));
  await crowd.open();
  const measure = once(process, 'message');
  await tell({ type: 'ready' });
  const [message] = (await measure) as unknown[];
  toLoadProcess.parse(message);
  await tell({ type: 'result', result: await crowd.measure() });
}
await crowd.close();
process.exit(0);

import { createRequire } from 'node:module';
import type * as UWebSockets from 'uWebSockets.js';
import { connectViewer } from '../lib/ws-viewer.js';

/**
 * Republishes another server's frames with uWebSockets.js' `publish` alone, as its documentation shows: no pace, no modes.
 * `node dist/bench/baseline/plain-publish.js PORT PATH`, the frames' source. It exists only to be measured against.
 */
const uWS = createRequire(import.meta.url)('uWebSockets.js') as typeof UWebSockets;
const TOPIC = 'frames';
const MAX_BACKPRESSURE_BYTES = 1 << 20;

const app = uWS.App().ws('/*', {
  maxBackpressure: MAX_BACKPRESSURE_BYTES,
  idleTimeout: 120,
  open: (socket) => void socket.subscribe(TOPIC),
});
app.listen('127.0.0.1', Number(process.env['PORT'] ?? 0), (socket) => {
  if (socket === false) process.exit(1);
  const port = uWS.us_socket_local_port(socket);
  process.stdout.write(`${JSON.stringify({ event: 'listening', port })}\n`);
});
connectViewer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  path: process.argv[3] ?? '/',
  mode: 'keep',
  onFrame: (jpeg) => void app.publish(TOPIC, jpeg, true),
  onClose: () => process.exit(0),
});

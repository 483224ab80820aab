import { ServiceError } from '../shared/errors.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { SocketRoute } from '../viewer/socket-session.js';
import type { Server } from './server.js';

/** Adds the WebSocket paths; handshakes that are refused are counted. */
export function addSocketRoutes(
  server: Server,
  routes: readonly SocketRoute[],
  { metrics, log }: { readonly metrics: Pick<Metrics, 'rejected'>; readonly log: Log },
): void {
  const refused = (error: unknown): void => {
    if (error instanceof ServiceError) metrics.rejected.inc({ reason: error.code });
    else log.error({ event: 'handshake_failed', error }, 'handshake failed');
  };
  for (const route of routes) server.addSocketRoute(route, refused);
}

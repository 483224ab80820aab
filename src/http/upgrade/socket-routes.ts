import { ServiceError } from '../../shared/errors.js';
import type { Log } from '../../telemetry/log.js';
import type { Metrics } from '../../telemetry/metrics.js';
import type { SocketRoute } from '../../viewer/socket-session.js';
import { pathsOf } from '../base-path.js';
import type { RequestReader } from '../request.js';
import type { Server } from '../server/server.js';

export interface SocketRouteDeps {
  readonly read: RequestReader;
  /** As the setting. */
  readonly basePath: string;
  readonly metrics: Pick<Metrics, 'rejected'>;
  readonly log: Log;
}

/** Adds the WebSocket paths; handshakes that are refused are counted. */
export function addSocketRoutes(
  server: Server,
  routes: readonly SocketRoute[],
  { read, basePath, metrics, log }: SocketRouteDeps,
): void {
  const refused = (error: unknown): void => {
    if (error instanceof ServiceError) metrics.rejected.inc({ reason: error.code });
    else log.error({ event: 'handshake_failed', error }, 'handshake failed');
  };
  for (const route of routes)
    for (const path of pathsOf(route.path, basePath))
      server.addSocketRoute({ ...route, path }, read, refused);
}

import type { HttpResponse } from 'uWebSockets.js';
import type { Descriptors } from '../../shared/descriptors.js';
import type { Log } from '../../telemetry/log.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { plain, writeHead } from '../answer.js';
import type { Server } from './server.js';

export interface GuardDeps {
  readonly descriptors: Pick<Descriptors, 'hasRoomForConnection' | 'hasRoomToListen'>;
  readonly maxCameras: number;
  readonly metrics: Pick<Metrics, 'rejected'>;
  readonly log: Log;
}

const LOOK_MS = 500;

/**
 * Keeps descriptors free for what runs. A connection beyond is accepted and closed at once; when cameras have taken what was kept,
 * the service stops to listen until there is room: a listening socket that cannot accept is ready again at once, for ever.
 */
export class ConnectionGuard {
  readonly #timer: NodeJS.Timeout;
  #listens = true;

  /** @param listen listens again on the port that was closed */
  constructor(
    private readonly server: Pick<Server, 'secure' | 'stopListening' | 'onConnection'>,
    private readonly deps: GuardDeps,
    private readonly listen: () => Promise<unknown>,
  ) {
    server.onConnection((res) => {
      if (!deps.descriptors.hasRoomForConnection(deps.maxCameras)) this.#refuse(res);
    });
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** Called twice a second. */
  look(): void {
    const { descriptors, maxCameras, log } = this.deps;
    if (this.#listens && !descriptors.hasRoomToListen()) {
      this.#listens = false;
      this.server.stopListening();
      log.error(
        { event: 'listening_paused' },
        'no descriptors left: no connections are taken (RLIMIT_NOFILE)',
      );
    } else if (!this.#listens && descriptors.hasRoomForConnection(maxCameras)) {
      this.#listens = true;
      this.listen().then(
        () => log.info({ event: 'listening_resumed' }, 'connections are taken again'),
        (error: unknown) => {
          this.#listens = false;
          log.error({ event: 'listening_failed', error }, 'cannot listen again yet');
        },
      );
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #refuse(res: HttpResponse): void {
    this.deps.metrics.rejected.inc({ reason: 'at_capacity' });
    // Before its handshake TLS has no way to say anything.
    if (this.server.secure) {
      res.close();
      return;
    }
    const { status, type, headers } = plain(503, '');
    writeHead(res, status, type, [...(headers ?? []), ['Retry-After', '10']]);
    res.end('no room for another connection: try later\n', true);
  }
}

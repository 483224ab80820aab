import type { Admission } from '../access/admission.js';
import type { Grant } from '../access/auth.js';
import { type Clock, epochMs } from '../shared/clock.js';
import { closeReason } from '../shared/close-reason.js';
import { badParameter, REFUSALS, type RefusalCode, ServiceError } from '../shared/errors.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Registry } from '../camera/registry.js';
import type { ClientSeats } from '../viewer/client-seats.js';
import {
  CLOSED_SESSION,
  closeWith,
  type SocketRoute,
  type SocketSession,
  type ViewerSocket,
} from '../viewer/socket-session.js';
import {
  MAX_CLIENT_MESSAGE_BYTES,
  WALL_PROTOCOL_VERSION,
  WALL_VIDEO_PROTOCOL_VERSION,
  type WallProtocol,
} from './protocol.js';
import { RetryLimit } from './retry-limit.js';
import { WallSession } from './session/session.js';
import type { SessionCounts, WallSocket } from './session/session-deps.js';
import { wallStreams } from './streams.js';

export interface WallDeps {
  readonly admission: Admission;
  readonly registry: Pick<Registry, 'retry'>;
  readonly seats: ClientSeats;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  /** Of the wall page that this server gives out; '' is none. */
  readonly pageVersion: string;
}

const TICK_MS = 1000;

/** No limit: the session counts what is on the way, and a frame that is dropped without its knowledge would keep its credit. */
const MAX_WALL_BUFFERED_BYTES = 0;

/** The sockets of open walls: one for each page, however many tiles it has. */
export class Walls {
  readonly #sessions = new Set<WallSession>();
  readonly #retries = new RetryLimit();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly deps: WallDeps) {
    this.#timer = setInterval(() => {
      for (const session of [...this.#sessions]) session.tick();
    }, TICK_MS);
  }

  /** `/wall`: origin and token are judged here; each tile's camera when the tile subscribes. */
  get route(): SocketRoute {
    return {
      path: '/wall',
      maxMessageBytes: MAX_CLIENT_MESSAGE_BYTES,
      maxBufferedBytes: MAX_WALL_BUFFERED_BYTES,
      autoPing: true,
      slowTimeoutMs: null,
      judge: (facts) =>
        this.deps.admission.admit('watch', facts, ({ grant, parameters }) => {
          const protocol = wallProtocol(parameters.get('protocol'));
          return (socket) => this.#start(socket, grant, facts.address, protocol);
        }),
    };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const session of [...this.#sessions]) session.end('shutting_down', 'server is going away');
  }

  #start(socket: ViewerSocket, grant: Grant, address: string, protocol: WallProtocol): SocketSession {
    const { admission, registry, seats, metrics, clock } = this.deps;
    let leave: () => void;
    try {
      leave = admission.enter(address);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      metrics.rejected.inc({ reason: error.code });
      closeWith(socket, error);
      return CLOSED_SESSION;
    }
    const streams = wallStreams(
      { ...seats.of(address), retry: (request, mayTry) => registry.retry(request, mayTry) },
      grant,
      (error) => {
        metrics.rejected.inc({ reason: error.code });
      },
      (camera) => this.#retries.take(camera, clock.now()),
    );
    const session = new WallSession(
      wallSocket(socket, (reason) => {
        metrics.rejected.inc({ reason });
        if (reason === 'too_slow') metrics.slowViewers.inc();
      }),
      streams,
      {
        now: () => clock.now(),
        epoch: epochMs,
        pageVersion: this.deps.pageVersion,
        protocol,
        counts: sessionCounts(this.deps),
      },
    );
    this.#sessions.add(session);
    metrics.viewers.inc({ mode: 'wall' });
    session.open();
    return {
      message: (data, isBinary) => {
        session.message(data, isBinary);
      },
      pong: () => undefined,
      drain: () => undefined,
      closed: () => {
        if (!this.#sessions.delete(session)) return;
        session.closed();
        metrics.viewers.dec({ mode: 'wall' });
        leave();
      },
    };
  }
}

/** @throws RefusedError `bad_parameter` */
function wallProtocol(text: string | undefined): WallProtocol {
  const known = [WALL_PROTOCOL_VERSION, WALL_VIDEO_PROTOCOL_VERSION] as const;
  const version = text === undefined ? WALL_PROTOCOL_VERSION : known.find((one) => String(one) === text);
  if (!version) throw badParameter(`protocol must be ${known.join(' or ')}: this server speaks no other`);
  return version;
}

const sessionCounts = ({ metrics, log }: Pick<WallDeps, 'metrics' | 'log'>): SessionCounts => ({
  frameSkipped: () => {
    metrics.framesSkipped.inc();
  },
  unitSkipped: () => {
    metrics.unitsSkipped.inc();
  },
  unitSent: (bytes) => {
    metrics.unitsSent.inc();
    metrics.videoBytes.inc(bytes);
  },
  tileForm: (before, now) => {
    if (before) metrics.wallTiles.dec({ form: before });
    if (now) metrics.wallTiles.inc({ form: now });
  },
  fellBack: (camera, reason) => {
    metrics.videoFallbacks.inc({ reason });
    log.debug({ event: 'video_fallback', camera, reason }, `${camera}: a tile is given JPEG`);
  },
});

/** Larger messages get a buffer of their own, bytes. */
const SHARED_MESSAGE_BYTES = 256 * 1024;
const sharedMessage = new Uint8Array(SHARED_MESSAGE_BYTES);

/**
 * Header and picture as the one message that they have to be: the only copy of a frame in JavaScript. `send` copies it before it
 * returns, so that one buffer serves all sockets; the result holds until the next call.
 */
function joined(header: Uint8Array, picture: Uint8Array): Uint8Array {
  const size = header.byteLength + picture.byteLength;
  const message = size <= SHARED_MESSAGE_BYTES ? sharedMessage.subarray(0, size) : new Uint8Array(size);
  message.set(header);
  message.set(picture, header.byteLength);
  return message;
}

const wallSocket = (socket: ViewerSocket, rejected: (reason: RefusalCode) => void): WallSocket => ({
  sendText: (text) => {
    socket.send(text, false);
  },
  sendBinary: (header, picture) => {
    socket.send(joined(header, picture instanceof Uint8Array ? picture : new Uint8Array(picture)), true);
  },
  bufferedAmount: () => socket.getBufferedAmount(),
  close: (code, reason) => {
    if (code !== 'shutting_down') rejected(code);
    socket.end(REFUSALS[code].close, closeReason(reason));
  },
});

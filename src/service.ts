import { type Admission, createAdmission } from './access/admission.js';
import { createRegistry } from './camera/create-registry.js';
import type { Registry } from './camera/registry.js';
import type { ConfigFile } from './config/cameras-file.js';
import { isEditable } from './config/admin-settings.js';
import type { Config } from './config/settings.js';
import { createDecoding } from './decoding/create-decoding.js';
import type { WorkerPool } from './decoding/worker-pool.js';
import { go2rtcHttpRoutes } from './go2rtc/http-routes.js';
import { go2rtcSocketRoute } from './go2rtc/socket-session.js';
import { assetRoutes } from './http/routes/asset-routes.js';
import { loadWallAssets, pageVersion } from './http/routes/assets.js';
import { createRequestReader } from './http/request.js';
import { pictureRoutes } from './http/routes/picture-routes.js';
import { createPictures } from './http/pictures/pictures.js';
import { addHttpRoutes } from './http/routes/routes.js';
import { ConnectionGuard } from './http/server/connection-guard.js';
import { shortenSendQueues } from './http/server/send-buffer.js';
import { Server } from './http/server/server.js';
import { serviceRoutes } from './http/routes/service-routes.js';
import { addSocketRoutes } from './http/upgrade/socket-routes.js';
import { viewRoutes } from './http/routes/view-routes.js';
import { LoadGovernor } from './load/load-governor.js';
import { systemClock as clock } from './shared/clock.js';
import { Descriptors } from './shared/descriptors.js';
import type { ServiceError } from './shared/errors.js';
import { type ClusterPart, createCluster } from './join-cluster.js';
import { checkFiles, createPolicies } from './policies.js';
import { createSignIn, type SignIn } from './sign-in.js';
import { resolveTarget } from './source/address-policy.js';
import { addAdminRoutes } from './add-admin-routes.js';
import { createAlarmPart } from './start-alarms.js';
import { logDecoding, logFfmpeg, logListening, missingFfmpeg, warnFewDescriptors } from './start-log.js';
import type { Log } from './telemetry/log.js';
import { createRefusalLog } from './telemetry/refusal-log.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';
import { ClientSeats } from './viewer/client-seats.js';
import { createViewerSessions, viewerRoute, type ViewerSessionDeps } from './viewer/viewer-session.js';
import { Views } from './wall/views.js';
import { Walls } from './wall/walls.js';

/** A running service. */
export interface Service {
  readonly port: number;
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly pool: WorkerPool;
  /**
   * Sets the cameras, views and groups of CONFIG_FILE.
   * @param gone what viewers of changed and removed cameras are told
   */
  configure(file: ConfigFile, gone: ServiceError | null): void;
  /** In a cluster: gives the cameras to other nodes, while viewers go on watching them here. */
  drain(): Promise<void>;
  /** Tells every viewer (1001), ends every camera, and resolves when nothing of the service is left. */
  close(): Promise<void>;
}

/** How long viewers have to answer the closing of their sockets. */
const CLOSE_GRACE_MS = 1000;

/**
 * Builds the service in the order in which a frame passes it: decoders, cameras, viewers and walls, routes. Only the server
 * comes first, because cameras publish to its topics. It is closed in reverse.
 * @throws ConfigError, or Error naming host and port when they are taken
 */
export async function startService(
  config: Config,
  file: ConfigFile,
  log: Log,
  metrics: Metrics = createMetrics(),
): Promise<Service> {
  const tls = await checkFiles(config);
  const server = new Server({ host: config.HOST, port: config.PORT, tls });
  const cluster = await createCluster(config, metrics, log);
  const descriptors = new Descriptors();
  const assets = await loadWallAssets(config.BASE_PATH);
  const rooms = await createRooms(config, server, descriptors, cluster, pageVersion(assets), metrics, log);
  const { registry, admission, sessions, walls, views, signIn, decoding, governor } = rooms;
  const alarms = await createAlarmPart(config, cluster, { registry, metrics, log });

  let closing = false;
  const problems = (): readonly string[] => {
    if (closing) return ['shutting down'];
    return [...cluster.problems(), ...missingFfmpeg(decoding)];
  };
  addRoutes(server, config, assets, { ...rooms, metrics, log, problems });
  const configure = (next: ConfigFile, gone: ServiceError | null): void => {
    cluster.configure(next.cameras);
    registry.configure(next.cameras, gone);
    views.configure(next);
    signIn.configure(next);
  };
  cluster.configure(file.cameras);
  await Promise.all([cluster.start(), signIn.start()]);
  const port = await server.listen();
  const guard = guardConnections(server, port, descriptors, config.MAX_CAMERAS, metrics, log);
  warnFewDescriptors(descriptors, config, log);
  configure(file, null);
  alarms.start();
  logListening(config, port, { secure: server.secure, asksForTokens: admission.asksForTokens }, log);

  return {
    port,
    registry,
    metrics,
    pool: decoding.pool,
    configure,
    drain: () => cluster.drain(),
    close: async () => {
      closing = true;
      guard.close();
      server.stopListening();
      walls.close();
      sessions.viewers.close();
      governor.close();
      signIn.close();
      // Viewers answer the closing of their sockets while the cameras end, which is no alarm any more.
      await Promise.all([alarms.close(), registry.close(), server.close(CLOSE_GRACE_MS)]);
      await Promise.all([decoding.close(), cluster.close()]);
      log.info({ event: 'stopped' }, 'stopped');
    },
  };
}

/** Decoders, cameras, viewers and walls. Throws ConfigError. */
async function createRooms(
  config: Config,
  server: Server,
  descriptors: Descriptors,
  cluster: ClusterPart,
  version: string,
  metrics: Metrics,
  log: Log,
) {
  const { policy, origins } = createPolicies(config);
  const views = new Views();
  const now = (): number => clock.now();
  const signIn = createSignIn(config, views, log);
  const admission = createAdmission(
    viewerLimits(config),
    signIn.auth,
    origins,
    now,
    createRefusalLog(log, now),
  );
  const decoding = await createDecoding(
    config,
    (url) => resolveTarget(url, policy),
    () => descriptors.hasRoomForCamera(),
    poolEvents(metrics, log),
  );
  logDecoding(decoding, log);
  const registry = createRegistry(config, {
    clock,
    metrics,
    log,
    publish: server.publish,
    opener: (key, spec, url) => decoding.opener(key, url, spec),
    peers: cluster.peers,
  });
  cluster.attach(registry);
  const governor = createGovernor(registry, log, (keys) => cluster.relieve(keys));
  const seats = new ClientSeats(registry);
  const sessions = createViewerSessions(config, { admission, seats, metrics, clock });
  const walls = new Walls({ admission, registry, seats, metrics, log, clock, pageVersion: version });
  return { admission, signIn, decoding, registry, governor, seats, sessions, walls, views };
}

interface Rooms {
  readonly admission: Admission;
  readonly signIn: SignIn;
  readonly registry: Registry;
  readonly seats: ClientSeats;
  readonly sessions: ViewerSessionDeps;
  readonly walls: Walls;
  readonly views: Views;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly problems: () => readonly string[];
}

/** The table of routes: every path of the service. */
function addRoutes(
  server: Server,
  config: Config,
  assets: Awaited<ReturnType<typeof loadWallAssets>>,
  rooms: Rooms,
): void {
  const { admission, registry, seats, metrics, sessions, walls, views, signIn, log, problems } = rooms;
  const basePath = config.BASE_PATH;
  const read = createRequestReader(config, server.secure);
  const pictures = createPictures(config, { admission, registry, seats, metrics, clock });
  const sockets = [viewerRoute(sessions), walls.route, go2rtcSocketRoute(sessions)];
  const plain = [
    ...serviceRoutes({ admission, registry, metrics, clock, problems, editable: isEditable(config) }),
    ...viewRoutes((grant) => views.list(grant)),
    ...pictureRoutes(pictures),
    ...go2rtcHttpRoutes(pictures),
    ...assetRoutes(assets, basePath),
  ];
  addSocketRoutes(server, sockets, { read, basePath, metrics, log });
  addAdminRoutes(server, config, { read, viewers: signIn.auth, metrics, log });
  addHttpRoutes(
    server.app,
    plain,
    sockets.map(({ path }) => path),
    basePath,
    { read, admission, metrics, log },
  );
}

/** A node that only opens cameras has no place for viewers. */
const viewerLimits = (config: Config): Config =>
  config.NATS_URL !== null && config.NODE_ROLE === 'owner' ? { ...config, MAX_VIEWERS: 0 } : config;

/** @param relieve gives cameras to other nodes of the cluster, if there are any with room */
const createGovernor = (
  registry: Registry,
  log: Log,
  relieve: (keys: readonly string[]) => boolean,
): LoadGovernor =>
  new LoadGovernor(() => registry.running().filter(({ camera }) => camera.remote === null), log, relieve);

function guardConnections(
  server: Server,
  port: number,
  descriptors: Descriptors,
  maxCameras: number,
  metrics: Metrics,
  log: Log,
): ConnectionGuard {
  const listen = async (): Promise<void> => {
    shortenSendQueues(await server.listen(port));
  };
  return new ConnectionGuard(server, { descriptors, maxCameras, metrics, log }, listen);
}

const poolEvents = (metrics: Metrics, log: Log): Parameters<typeof createDecoding>[3] => ({
  ffmpegStarted: (camera) => metrics.ffmpegStarts.inc({ camera }),
  workerDied: (cameras, error) => {
    metrics.workerRestarts.inc();
    log.error({ event: 'worker_died', cameras, error }, 'worker thread died');
  },
  ffmpegReplaced: (found) => {
    logFfmpeg(found, log);
  },
});

import { Admission } from './access/admission.js';
import { createAddressPolicy, resolveTarget } from './source/address-policy.js';
import { createAuth } from './access/auth.js';
import { BacklogReader } from './load/receive-backlog.js';
import { systemClock } from './shared/clock.js';
import type { Config } from './config/settings.js';
import { ConnectGate } from './camera/connect-gate.js';
import { snapToLadder } from './decoding/decode-plan.js';
import { ConfigError, ServiceError } from './shared/errors.js';
import { findFfmpeg } from './decoding/ffmpeg-build.js';
import { judgeGo2rtc, MAX_GO2RTC_MESSAGE_BYTES } from './go2rtc/socket-session.js';
import { LoadGovernor } from './load/load-governor.js';
import { addHttpRoutes } from './http/routes.js';
import type { Log } from './telemetry/log.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';
import { cameraOpener } from './decoding/opener.js';
import { createOriginPolicy } from './access/origin.js';
import type { FfmpegBuild } from './shared/worker-protocol.js';
import type { CameraSpec } from './config/camera-spec.js';
import { Registry } from './camera/registry.js';
import { shortenSendQueues } from './http/send-buffer.js';
import { Server } from './http/server.js';
import { checkTlsFiles, tlsFilesOf } from './config/tls-files.js';
import { judgeViewer } from './viewer/viewer-session.js';
import { Viewers } from './viewer/viewers.js';
import { loadWallAssets } from './http/assets.js';
import { MAX_CLIENT_MESSAGE_BYTES } from './wall/protocol.js';
import { Walls } from './wall/walls.js';
import { preferredPixels, WorkerPool } from './decoding/worker-pool.js';

/** A running service. */
export interface Service {
  readonly port: number;
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly pool: WorkerPool;
  /** Tells every viewer (1001), ends every camera, and resolves when nothing of the service is left. */
  close(): Promise<void>;
}

/** Largest message that a viewer of one stream may send. */
const MAX_VIEWER_MESSAGE_BYTES = 1024;

/** Unsent bytes at which a viewer's socket is skipped; its pace reacts at two frames, long before if they are of a usual size. */
const MAX_VIEWER_BUFFERED_BYTES = 1 << 20;

/** None: the session counts what is on the way, and a frame that was dropped behind its back would hold its credit for ever. */
const MAX_WALL_BUFFERED_BYTES = 0;

/** How long viewers have to answer the closing of their sockets. */
const CLOSE_GRACE_MS = 1000;

/**
 * FFmpeg's own socket timeout, in stall timeouts: it must not end first. At its end FFmpeg gives out the frame that it held back,
 * which would pass for a sign of life. Still short enough that without this process no FFmpeg lives for 10 s (default times).
 */
const IO_TIMEOUT_FACTOR = 1.5;

/** A worker that is ending while its camera's next run begins holds a thread too. */
const SPARE_THREADS = 8;

/**
 * Builds the service in the order in which a frame passes it, backwards: what a room needs is there before it.
 * @throws ConfigError, or Error naming host and port when they are taken
 */
export async function startService(
  config: Config,
  cameras: readonly CameraSpec[],
  log: Log,
  metrics: Metrics = createMetrics(),
): Promise<Service> {
  const clock = systemClock;
  const problems: string[] = [];
  const policy = createAddressPolicy({ allow: config.RTSP_ALLOW, deny: config.RTSP_DENY });
  const origins = createOriginPolicy(config.ALLOWED_ORIGINS);
  const auth = createAuth({ tokens: config.AUTH_TOKENS, jwtSecret: config.AUTH_JWT_SECRET });
  if (policy.problems.length + origins.problems.length > 0)
    throw new ConfigError([...policy.problems, ...origins.problems]);
  const ffmpeg = await chooseFfmpeg(config.FFMPEG_PATH, log, problems);
  const pixels = preferredPixels();
  log.info(
    { event: 'encoder', pixels },
    pixels === 'yuv420p' ? 'JPEG from YUV planes' : 'JPEG from RGB (slower)',
  );

  const tls = tlsFilesOf(config);
  if (tls) await checkTlsFiles(tls);
  const server = new Server({ host: config.HOST, port: config.PORT, tls });
  const pool = new WorkerPool(config.MAX_CAMERAS + SPARE_THREADS, {
    ffmpegStarted: (camera) => {
      metrics.ffmpegStarts.inc({ camera });
    },
    workerDied: (camera, error) => {
      metrics.workerRestarts.inc();
      log.error({ event: 'worker_died', camera, error }, 'worker thread died');
    },
  });
  const defaultSize = { width: config.FRAME_WIDTH, height: config.FRAME_HEIGHT };
  const registry = new Registry(
    {
      maxCameras: config.MAX_CAMERAS,
      adhoc: config.ADHOC_RTSP === 'on',
      transport: config.RTSP_TRANSPORT,
      defaultRendition: { ...defaultSize, quality: config.JPEG_QUALITY },
      maxFps: config.MAX_FPS === 0 ? null : config.MAX_FPS,
      lingerMs: config.LINGER_MS,
      times: {
        openMs: config.OPEN_TIMEOUT_MS,
        stallMs: config.STALL_TIMEOUT_MS,
        frozenAfterMs: config.FROZEN_AFTER_MS,
        minMs: config.RETRY_MIN_MS,
        maxMs: config.RETRY_MAX_MS,
        holdMs: config.AUTH_HOLD_MS,
      },
      offeredSize: (want) => snapToLadder(want, [defaultSize, ...config.SIZE_LADDER]),
    },
    {
      clock,
      gate: new ConnectGate(config.MAX_CONNECTING),
      metrics,
      log,
      publish: server.publish,
      opener: (key, spec, url) =>
        cameraOpener(key, url, spec.transport, {
          pool,
          ffmpeg,
          pixels,
          ioTimeoutMs: Math.round(config.STALL_TIMEOUT_MS * IO_TIMEOUT_FACTOR),
          skipLoopFilter: config.SKIP_LOOP_FILTER === 'on',
          resolve: (target) => resolveTarget(target, policy),
        }),
    },
  );
  const admission = new Admission(
    auth,
    origins,
    {
      maxViewers: config.MAX_VIEWERS,
      maxPerAddress: config.MAX_VIEWERS_PER_ADDRESS,
      maxPerSecond: config.MAX_CONNECTIONS_PER_SECOND,
      maxFailuresPerMinute: config.MAX_FAILED_TOKENS_PER_MINUTE,
    },
    tls !== null,
    () => clock.now(),
  );
  const viewers = new Viewers();
  const refused = (error: unknown): void => {
    if (error instanceof ServiceError) metrics.rejected.inc({ reason: error.code });
    else log.error({ event: 'handshake_failed', error }, 'handshake failed');
  };
  const sessionDeps = {
    admission,
    registry,
    viewers,
    metrics,
    clock,
    pace: { maxLagMs: config.VIEWER_MAX_LAG_MS, slowTimeoutMs: config.VIEWER_SLOW_TIMEOUT_MS },
    messagesPerSecond: config.MAX_MESSAGES_PER_SECOND,
  };
  server.route(
    {
      path: '/ws',
      maxMessageBytes: MAX_VIEWER_MESSAGE_BYTES,
      maxBufferedBytes: MAX_VIEWER_BUFFERED_BYTES,
      autoPing: false,
      judge: (facts) => judgeViewer(facts, sessionDeps),
    },
    refused,
  );
  server.route(
    {
      path: '/api/ws',
      maxMessageBytes: MAX_GO2RTC_MESSAGE_BYTES,
      maxBufferedBytes: MAX_VIEWER_BUFFERED_BYTES,
      autoPing: false,
      judge: (facts) => judgeGo2rtc(facts, sessionDeps),
    },
    refused,
  );
  const walls = new Walls({ admission, registry, metrics, clock });
  server.route(
    {
      path: '/wall',
      maxMessageBytes: MAX_CLIENT_MESSAGE_BYTES,
      maxBufferedBytes: MAX_WALL_BUFFERED_BYTES,
      autoPing: true,
      judge: (facts) => walls.judge(facts),
    },
    refused,
  );
  const governor = new LoadGovernor(
    () => registry.running(),
    (key) => pool.pidsOf(key),
    new BacklogReader(),
    log,
  );
  let closing = false;
  const assets = await loadWallAssets();
  addHttpRoutes(server.app, {
    admission,
    registry,
    metrics,
    log,
    clock,
    assets,
    secure: tls !== null,
    problems: () => (closing ? ['shutting down'] : problems),
    snapshotMaxAgeMs: config.SNAPSHOT_MAX_AGE_MS,
    openTimeoutMs: config.OPEN_TIMEOUT_MS,
    slowTimeoutMs: config.VIEWER_SLOW_TIMEOUT_MS,
  });

  const port = await server.listen();
  if (!shortenSendQueues(port))
    log.warn({ event: 'long_send_queues' }, 'cannot keep send queues short: slow MJPEG readers see the past');
  registry.configure(cameras, null);
  log.info(
    { event: 'listening', host: config.HOST, port, tls: tls !== null },
    `listening on ${config.HOST}:${port}`,
  );
  if (!auth.enabled && !isLoopback(config.HOST))
    log.warn(
      { event: 'no_authentication' },
      `ANYONE who reaches ${config.HOST}:${port} can watch and make this service dial cameras: set AUTH_TOKENS or AUTH_JWT_SECRET`,
    );

  return {
    port,
    registry,
    metrics,
    pool,
    close: async () => {
      closing = true;
      server.stopListening();
      governor.close();
      viewers.close();
      walls.close();
      await Promise.all([registry.close(), server.close(CLOSE_GRACE_MS)]);
      await pool.close();
      log.info({ event: 'stopped' }, 'stopped');
    },
  };
}

/** A missing FFmpeg does not stop the start: `/readyz` and every opening say what is wrong. */
async function chooseFfmpeg(path: string, log: Log, problems: string[]): Promise<FfmpegBuild | null> {
  try {
    const build = await findFfmpeg(path);
    log.info({ event: 'ffmpeg', ...build }, `FFmpeg: ${build.path}, ${build.version}`);
    return build;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    problems.push(message);
    log.error({ event: 'ffmpeg_missing' }, message);
    return null;
  }
}

const isLoopback = (host: string): boolean => /^(127\.|::1$|localhost$)/.test(host);

import type { Admission } from '../../access/admission.js';
import { type Clock, epochMs } from '../../shared/clock.js';
import { CameraError, RefusedError } from '../../shared/errors.js';
import { type Answer, EMBEDDABLE, type Header, json } from '../answer.js';
import type { Connection } from '../handler.js';
import type { RequestFacts } from '../../access/request-facts.js';
import { Undo } from '../../shared/undo.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { MJPEG_HEADERS, MJPEG_TYPE, MjpegStream } from './mjpeg-stream.js';
import type { Registry, StreamRequest } from '../../camera/registry.js';
import type { ClientSeats } from '../../viewer/client-seats.js';
import { takeSnapshot } from '../../viewer/snapshot.js';

export interface PictureDeps {
  readonly admission: Admission;
  readonly registry: Pick<Registry, 'has' | 'list'>;
  readonly seats: ClientSeats;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly snapshotMaxAgeMs: number;
  readonly openTimeoutMs: number;
  readonly slowTimeoutMs: number;
}

export interface PictureSettings {
  readonly SNAPSHOT_MAX_AGE_MS: number;
  readonly OPEN_TIMEOUT_MS: number;
  readonly VIEWER_SLOW_TIMEOUT_MS: number;
}

export const createPictures = (
  settings: PictureSettings,
  deps: Pick<PictureDeps, 'admission' | 'registry' | 'seats' | 'metrics' | 'clock'>,
): PictureDeps => ({
  ...deps,
  snapshotMaxAgeMs: settings.SNAPSHOT_MAX_AGE_MS,
  openTimeoutMs: settings.OPEN_TIMEOUT_MS,
  slowTimeoutMs: settings.VIEWER_SLOW_TIMEOUT_MS,
});

/** A snapshot of a live camera may be this old, ms, before the next frame is waited for. */
const SNAPSHOT_FRESH_MS = 1000;

/** One JPEG. Its age is in `X-Frame-Age-Ms`, the camera's state in `X-Camera-State`; too old a frame is a 503. */
export async function snapshot(
  request: StreamRequest,
  facts: RequestFacts,
  connection: Connection,
  deps: PictureDeps,
): Promise<Answer> {
  const leave = deps.admission.enter(facts.address);
  try {
    const { taken, cancel } = takeSnapshot(deps.seats.of(facts.address), request, {
      freshMs: SNAPSHOT_FRESH_MS,
      waitMs: deps.openTimeoutMs,
      clock: deps.clock,
      epoch: epochMs,
    });
    connection.onGone(() => {
      cancel();
      leave();
    });
    const { frame, state } = await taken;
    const ageMs = Math.max(0, Math.round(epochMs() - frame.capturedAt));
    const headers: readonly Header[] = [
      ...embedding(facts, deps),
      ['Cache-Control', 'no-store'],
      ['X-Frame-Age-Ms', String(ageMs)],
      ['X-Camera-State', state],
    ];
    if (ageMs <= deps.snapshotMaxAgeMs) return { status: 200, type: 'image/jpeg', headers, body: frame.jpeg };
    const message = `the newest frame of ${request.camera} is ${ageMs} ms old`;
    return { ...json(503, { error: 'stale', message }), headers };
  } finally {
    leave();
  }
}

/**
 * A camera as MJPEG. Resolves to `null` when the first frame is about to be written, and rejects as long as an error can still
 * be answered. To HEAD it says what GET would be, and opens nothing.
 */
export function streamMjpeg(
  request: StreamRequest,
  facts: RequestFacts,
  connection: Connection,
  deps: PictureDeps,
): Promise<Answer | null> {
  const { admission, registry, seats, metrics, clock, openTimeoutMs, slowTimeoutMs } = deps;
  const headers = [...embedding(facts, deps), ...MJPEG_HEADERS];
  if (facts.method === 'head') return Promise.resolve(mjpegHead(request, registry, headers));
  return new Promise((resolve, reject) => {
    const undo = new Undo();
    connection.onGone(() => undo.run());
    let begun = false;
    const fail = (error: unknown): void => {
      undo.run();
      // HTTP has no way to end a stream that has begun with an error, other than to cut it.
      if (begun) connection.res.close();
      else reject(error instanceof Error ? error : new Error(String(error)));
    };
    try {
      undo.add(admission.enter(facts.address));
      const seat = seats.of(facts.address).join(request, { state: () => undefined, lost: fail });
      undo.add(() => {
        seat.leave();
      });
      const options = { headers, fps: request.fps, slowTimeoutMs, now: () => clock.now() };
      const mjpeg = new MjpegStream(connection.res, seat.channel, options, {
        begun: () => {
          begun = true;
          resolve(null);
        },
        skipped: () => {
          metrics.framesSkipped.inc();
        },
        tooSlow: () => {
          metrics.slowViewers.inc();
          connection.res.close();
        },
      });
      metrics.viewers.inc({ mode: 'mjpeg' });
      undo.add(() => {
        mjpeg.end();
        metrics.viewers.dec({ mode: 'mjpeg' });
      });
      // A camera that was live once tries for ever: whoever comes meanwhile is told so instead of left waiting.
      const giveUp = (): void => {
        const { state, reason } = seat.camera.status;
        if (begun) return;
        if (state === 'connecting') wait();
        else fail(new CameraError(reason ?? 'open_timeout'));
      };
      const wait = (): void => {
        undo.add(clock.after(openTimeoutMs, giveUp));
      };
      wait();
    } catch (error) {
      fail(error);
    }
  });
}

const embedding = (facts: RequestFacts, { admission }: PictureDeps): readonly Header[] =>
  admission.mayEmbed(facts) ? [EMBEDDABLE] : [];

function mjpegHead(
  { camera, url }: StreamRequest,
  registry: Pick<Registry, 'has'>,
  headers: readonly Header[],
): Answer {
  if (!url && !registry.has(camera)) throw new RefusedError('no_such_camera', `no camera is named ${camera}`);
  return { status: 200, type: MJPEG_TYPE, headers, body: '' };
}

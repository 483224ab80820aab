import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientSeats, MAX_RENDITIONS_PER_CLIENT } from '../../src/viewer/client-seats.js';
import { RETRIES_IN_A_ROW, RETRY_EVERY_MS, RetryLimit } from '../../src/wall/retry-limit.js';
import { wallStreams } from '../../src/wall/streams.js';
import type { TileRefusal, WallRequest, WallSubscription } from '../../src/wall/tile/tile-stream.js';
import { spec, testRegistry } from '../support/test-registry.js';

const FAST = { timeout: 20_000 };
/** Steps that are not the default. */
const OTHER_QUALITIES = [20, 35, 65, 80];

/** The streams of one browser over a real registry with two configured cameras. */
function browser() {
  const { registry, clock } = testRegistry();
  registry.configure([spec('gate'), spec('yard')], null);
  const counted: string[] = [];
  const retries = new RetryLimit();
  const seats = new ClientSeats(registry).of('10.0.0.9');
  const streams = wallStreams(
    { ...seats, retry: (request, mayTry) => registry.retry(request, mayTry) },
    { subject: 'test', allows: (camera) => camera !== 'vault', allowsView: () => true },
    ({ code }) => counted.push(code),
    (camera) => retries.take(camera, clock.now()),
  );
  const join = (request: WallRequest): { subscription: WallSubscription; refusals: TileRefusal[] } => {
    const refusals: TileRefusal[] = [];
    const subscription = streams.join(request, {
      frame: () => undefined,
      state: () => undefined,
      refused: (refusal) => refusals.push(refusal),
    });
    return { subscription, refusals };
  };
  const viewers = (name: string): number =>
    registry.list(0).find(({ camera }) => camera === name)?.viewers ?? 0;
  return { join, viewers, counted, streams, clock };
}

test('a size too many is refused to one tile, by name, and leaves no seat', FAST, () => {
  const { join, viewers, counted } = browser();
  const tiles = OTHER_QUALITIES.map((quality) => join({ camera: 'gate', quality }));
  assert.deepEqual(
    tiles.flatMap(({ refusals }) => refusals),
    [],
  );
  const small = { width: 320, height: 180 };
  const more = [20, 35, 65].map((quality) => join({ camera: 'gate', ...small, quality }));
  const [refusal] = more[2]?.refusals ?? [];
  assert.deepEqual([refusal?.code, refusal?.reason], [4429, 'too_many_renditions']);
  assert.deepEqual(counted, ['too_many_renditions']);
  assert.equal(viewers('gate'), MAX_RENDITIONS_PER_CLIENT);
  tiles[0]?.subscription.leave();
  assert.deepEqual(join({ camera: 'gate', ...small, quality: 65 }).refusals, []);
});

/** The same, where every camera that may be watched waits for its next try. */
function browserOfFailed() {
  const { registry, clock } = testRegistry();
  registry.configure([spec('gate'), spec('yard')], null);
  const counted: string[] = [];
  const retries = new RetryLimit();
  const streams = wallStreams(
    {
      ...new ClientSeats(registry).of('10.0.0.9'),
      retry: (request, mayTry) => {
        registry.retry(request, () => false);
        return mayTry();
      },
    },
    { subject: 'test', allows: (camera) => camera !== 'vault', allowsView: () => true },
    ({ code }) => counted.push(code),
    (camera) => retries.take(camera, clock.now()),
  );
  return { streams, clock, counted };
}

test(
  'a camera is tried out of turn every half minute, not for long, and only by who may watch it',
  FAST,
  async () => {
    const { streams, clock, counted } = browserOfFailed();
    assert.equal(streams.retry({ camera: 'gate' }), true);
    for (let at = 0; at < 10; at += 1) assert.equal(streams.retry({ camera: 'gate' }), false);
    assert.equal(streams.retry({ camera: 'yard' }), true, 'each camera counts for itself');
    for (let more = 1; more < RETRIES_IN_A_ROW; more += 1) {
      await clock.advance(RETRY_EVERY_MS);
      assert.equal(streams.retry({ camera: 'gate' }), true);
    }
    await clock.advance(RETRY_EVERY_MS);
    assert.equal(streams.retry({ camera: 'gate' }), false, 'some in a row, then one in five minutes');
    await clock.advance(300_000);
    assert.equal(streams.retry({ camera: 'gate' }), true);
    assert.equal(streams.retry({ camera: 'vault' }), false);
    assert.equal(streams.retry({ camera: 'unknown' }), false);
    assert.deepEqual(counted, ['camera_not_allowed', 'no_such_camera']);
  },
);

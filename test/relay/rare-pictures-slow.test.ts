import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { epochMs } from '../../src/shared/clock.js';
import { setsOf, type SourceUnit } from '../rtp/streams.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { numberedUnits } from '../support/numbered-units.js';
import { closed, service, type Service, watch } from '../support/rig.js';
import { UnitCamera } from '../support/unit-camera.js';
import { until } from '../support/until.js';

/** Cameras that send a picture every few seconds: each is shown at once, and called no younger and no older than it is. */

const timeout = 60_000;
/** Longest that a rate is watched; two pictures of the slowest. */
const WATCH_MS = 10_500;
const RATES = [0.1, 0.2, 0.5, 1];
const MOST_WRONG_MS = 20;
/** How soon one of a camera's pictures is shown, also on a busy machine; one that waits for the next takes a second and more. */
const MOST_DELAY_MS = 500;

const CODECS = ['h264', 'h265'] as const;
const streams = new Map(
  CODECS.map((codec) => [
    codec,
    numberedUnits({ codec, pictures: 12, fps: 1, params: 'keyint=60:bframes=0:rc-lookahead=0' }),
  ]),
);

interface Age {
  /** From sending to the viewer's last byte, ms. */
  readonly delayMs: number;
  /** By how much `/snapshot` is wrong about the age, ms; 0 within the time that sending and asking take. */
  readonly wrongMs: number;
}

async function ages(
  t: TestContext,
  server: Service,
  codec: (typeof CODECS)[number],
  fps: number,
): Promise<Age[]> {
  const units: readonly SourceUnit[] = streams.get(codec) ?? [];
  const camera = await UnitCamera.start(t, { codec, parameterSets: setsOf(codec, units) });
  const name = `${codec}-${fps}`;
  const viewer = watch(t, server, name, camera.url);
  await until(`${name} plays`, () => camera.clients === 1, 15_000);
  const found: Age[] = [];
  for (let i = 0; (i * 1000) / fps < WATCH_MS; i++) {
    const begin = epochMs();
    const sentAt = camera.send(units[i]?.all ?? [], (i * 1000) / fps);
    await until(`picture ${i} of ${name} is shown`, () => viewer.frames.length > i, 5000);
    const asked = epochMs();
    const answer = await fetch(`${server.url}/snapshot?camera_index=${name}`);
    await answer.arrayBuffer();
    const answered = epochMs();
    const age = Number(answer.headers.get('x-frame-age-ms') ?? NaN);
    found.push({
      delayMs: (viewer.frames[i]?.at ?? Infinity) - sentAt,
      wrongMs: Math.max(0, asked - sentAt - age, age - (answered - begin)),
    });
    if (((i + 1) * 1000) / fps < WATCH_MS) await sleep(1000 / fps - (epochMs() - begin));
  }
  assert.equal(camera.sessions, 1, name);
  return found;
}

for (const ffmpeg of FFMPEGS)
  test(
    `each picture of a slow camera is shown at once and with its right age, with ${ffmpeg.name}`,
    { timeout },
    async (t) => {
      const server = await service(t, { FFMPEG_PATH: ffmpeg.path, STALL_TIMEOUT_MS: '30000' });
      const cases = CODECS.flatMap((codec) => RATES.map((fps) => ({ codec, fps })));
      await Promise.all(
        cases.map(async ({ codec, fps }) => {
          const found = await ages(t, server, codec, fps);
          const text = `${codec} at ${fps} fps: ${JSON.stringify(found)}`;
          assert.ok(found.length >= 2, text);
          // What the two clocks of a busy test miss is no fault of the service: it would be wrong each time.
          const wrong = found.map(({ wrongMs }) => wrongMs).sort((a, b) => a - b);
          assert.ok((wrong[Math.floor((wrong.length - 1) / 2)] ?? Infinity) < MOST_WRONG_MS, text);
          assert.ok(Math.min(...found.map(({ delayMs }) => delayMs)) < MOST_DELAY_MS, text);
        }),
      );
    },
  );

test('a camera that sends one picture and then nothing is never called live', { timeout }, async (t) => {
  // A busy machine takes a second to start four decoders; a session that ends before leaves no picture.
  const server = await service(t, {
    STALL_TIMEOUT_MS: '4000',
    OPEN_TIMEOUT_MS: '15000',
    RETRY_MIN_MS: '100',
  });
  const queries: Record<string, string>[] = [{}, { fps: '1' }];
  await Promise.all(
    CODECS.flatMap((codec) =>
      queries.map(async (query, at) => {
        const units = streams.get(codec) ?? [];
        const camera = await UnitCamera.start(t, { codec, parameterSets: setsOf(codec, units) });
        for (let session = 1; session <= 2; session++) {
          const viewer = watch(t, server, `${codec}-${at}`, camera.url, { query });
          await until('it plays', () => camera.sessions === session && camera.clients === 1, 20_000);
          camera.send(units[0]?.all ?? [], 0);
          await until('the picture is shown', () => viewer.frames.length > 0, 5000);
          await closed(viewer, 10_000);
          assert.deepEqual([...new Set(viewer.states.map(({ state }) => state))], ['connecting', 'offline']);
        }
      }),
    ),
  );
});

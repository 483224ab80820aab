import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAlarmMetrics } from '../../src/alarms/alarm-metrics.js';
import { pauseAfter } from '../../src/alarms/backoff.js';
import { signatureHeaders, webhookBody } from '../../src/alarms/webhook/webhook-body.js';
import type { PostOutcome } from '../../src/alarms/webhook/webhook-post.js';
import { WebhookQueue } from '../../src/alarms/webhook/webhook-queue.js';
import { WebhookSender } from '../../src/alarms/webhook/webhook-sender.js';
import { CONDITIONS } from '../../src/alarms/news/condition.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { createLog } from '../../src/telemetry/log.js';
import { ManualClock, settle } from '../support/manual-clock.js';
import { alarm, news } from './alarm.js';
import type { ToldBody } from './receiver.js';

const timeout = 30_000;
const SECRET = 'a secret of more than 24 characters';

test('a request is signed as Standard Webhooks has it: id, time and body', { timeout }, () => {
  const headers = signatureHeaders(SECRET, 'id1', 1767225600, '{"a":1}');
  const expected = createHmac('sha256', SECRET).update('id1.1767225600.{"a":1}').digest('base64');
  assert.deepEqual(headers, {
    'webhook-id': 'id1',
    'webhook-timestamp': '1767225600',
    'webhook-signature': `v1,${expected}`,
  });
  const key = Buffer.from('0123456789abcdef0123456789abcdef');
  const encoded = signatureHeaders(`whsec_${key.toString('base64')}`, 'id1', 1767225600, '{"a":1}');
  assert.equal(
    encoded['webhook-signature'],
    `v1,${createHmac('sha256', key).update('id1.1767225600.{"a":1}').digest('base64')}`,
  );
  assert.equal('webhook-signature' in signatureHeaders('', 'id1', 1, ''), false);
});

test('the body tells people and programs the same', { timeout }, () => {
  const body = webhookBody(
    [
      { alarm: alarm('gate', 'offline'), previous: 'live' },
      { alarm: alarm('yard', 'live'), previous: null },
    ],
    5000.4,
    null,
  );
  assert.deepEqual(JSON.parse(body), {
    type: 'cameras',
    time: 5000,
    text: 'The gate is offline: connection refused: check address and port\nThe yard is live',
    cameras: [
      {
        camera: 'gate',
        title: 'The gate',
        state: 'offline',
        previous: 'live',
        reason: 'refused',
        since: 1000,
      },
      { camera: 'yard', title: 'The yard', state: 'live', previous: null, reason: null, since: 1000 },
    ],
  });
});

test('pauses double, have a longest, and are spread', { timeout }, () => {
  const times = { minMs: 1000, maxMs: 60_000 };
  assert.deepEqual(
    [1, 2, 3, 7, 1000].map((failures) => pauseAfter(failures, times, 0)),
    [1000, 2000, 4000, 60_000, 60_000],
  );
  assert.equal(pauseAfter(1, times, 1), 500);
});

test('of each camera the newest state waits, and none that the receiver knows', { timeout }, () => {
  const queue = new WebhookQueue();
  assert.equal(queue.add(alarm('gate', 'live')), false);
  queue.delivered(queue.next().map(({ alarm: each }) => each));
  assert.equal(queue.add(alarm('gate', 'offline')), false);
  assert.equal(queue.add(alarm('gate', 'live')), true);
  assert.equal(queue.size, 0);
});

test(
  'a state that came while another was on its way is told after it, also when that one failed',
  { timeout },
  () => {
    for (const isTaken of [true, false]) {
      const queue = new WebhookQueue();
      queue.add(alarm('gate', 'live'));
      queue.delivered(queue.next().map(({ alarm: each }) => each));
      queue.add(alarm('gate', 'offline'));
      const onTheWay = queue.next().map(({ alarm: each }) => each);
      queue.add(alarm('gate', 'live'));
      if (isTaken) queue.delivered(onTheWay);
      assert.deepEqual(
        queue.next().map(({ alarm: { state } }) => state),
        ['live'],
        'the receiver may have heard "offline"',
      );
    }
  },
);

test('a receiver that takes everything in the end knows the present', { timeout }, () => {
  const step = fc.record({
    camera: fc.constantFrom('a', 'b', 'c'),
    state: fc.constantFrom(...CONDITIONS),
    sends: fc.boolean(),
    taken: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new WebhookQueue();
      const present = new Map<string, string>();
      const receiver = new Map<string, string>();
      const send = (taken: boolean): void => {
        const told = queue.next().map(({ alarm: each }) => each);
        // A failed request may have been heard.
        for (const { camera, state } of told) receiver.set(camera, state);
        if (taken) queue.delivered(told);
      };
      for (const { camera, state, sends, taken } of steps) {
        if (present.get(camera) !== state) queue.add(alarm(camera, state));
        present.set(camera, state);
        assert.ok(queue.size <= 3);
        if (sends) send(taken);
      }
      send(true);
      assert.deepEqual([...receiver].sort(), [...present].sort());
      assert.equal(queue.size, 0);
    }),
  );
});

/** A sender whose requests the test answers. */
function sender() {
  const clock = new ManualClock();
  const metrics = createAlarmMetrics(createMetrics().registry);
  const posts: { body: ToldBody; id: string; answer: (outcome: PostOutcome) => void }[] = [];
  const sink = new WebhookSender(
    { name: 'webhook1', host: 'hooks.lan', secret: SECRET },
    {
      ...{ clock, metrics, log: createLog('silent'), node: null, epochNow: () => 1e12, random: () => 0 },
      post: (body, headers) =>
        new Promise((answer) => {
          posts.push({ body: JSON.parse(body) as ToldBody, id: headers['webhook-id'] ?? '', answer });
        }),
    },
  );
  return { clock, metrics, posts, sink };
}

const FAILED: PostOutcome = { kind: 'failed', reason: 'status', detail: 'answered 500' };

test(
  'what fails is repeated with the same id, ever more seldom, and what is new goes along',
  { timeout },
  async () => {
    const { clock, posts, sink } = sender();
    sink.told(news([alarm('gate', 'offline')]));
    const at: number[] = [];
    for (let i = 0; i < 5; i++) {
      posts[i]?.answer(FAILED);
      await settle();
      for (let waited = 0; posts.length === i + 1 && waited < 100; waited++) await clock.advance(500);
      at.push(clock.now());
    }
    assert.deepEqual(at, [1000, 3000, 7000, 15_000, 31_000]);
    assert.equal(new Set(posts.map(({ id }) => id)).size, 1);
    sink.told(news([alarm('gate', 'offline'), alarm('yard', 'offline')], [alarm('yard', 'offline')]));
    posts[5]?.answer(FAILED);
    await clock.advance(32_000);
    assert.equal(posts.length, 7);
    assert.deepEqual(
      posts[6]?.body.cameras.map(({ camera }) => camera),
      ['gate', 'yard'],
    );
    assert.notEqual(posts[6].id, posts[0]?.id);
    await sink.close();
    assert.equal(clock.pending, 0);
  },
);

test('idle cameras, and those that another node tells of, are not posted', { timeout }, async () => {
  const { posts, sink } = sender();
  sink.told(news([alarm('gate', 'idle'), alarm('yard', 'offline', { own: false })]));
  await settle();
  assert.equal(posts.length, 0);
  sink.told(news([alarm('yard', 'live')]));
  assert.equal(posts[0]?.body.cameras[0]?.previous, 'offline');
});

test(
  'a receiver that never answers holds one request and the newest state of each camera',
  { timeout },
  async () => {
    const { metrics, posts, sink } = sender();
    for (let i = 0; i < 1000; i++)
      sink.told(news([alarm(`cam${i % 10}`, (i / 10) % 2 < 1 ? 'offline' : 'live')]));
    assert.equal(posts.length, 1);
    const { values } = await metrics.queue.get();
    assert.ok((values[0]?.value ?? 0) <= 10);
    assert.ok(((await metrics.dropped.get()).values[0]?.value ?? 0) > 900);
  },
);

test('a camera that is taken out of the configuration is not told of any more', { timeout }, async () => {
  const { posts, sink } = sender();
  sink.told(news([alarm('gate', 'offline')]));
  sink.told(news([alarm('yard', 'offline')]));
  sink.told(news([], [], ['yard']));
  posts[0]?.answer({ kind: 'sent' });
  await settle();
  assert.equal(posts.length, 1);
});

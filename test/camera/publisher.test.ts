import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_EXTRA_RENDITIONS, Publisher } from '../../src/camera/publisher.js';
import { jpeg } from '../support/fake-opener.js';

const timeout = 30_000;

test(
  'a frame goes to the topic and to the sinks of its own rendition, and the newest is kept',
  { timeout },
  () => {
    const topics: string[] = [];
    const publisher = new Publisher('cam', '640x360q50', (topic) => topics.push(topic));
    const frame = (key: '640x360q50' | '320x180q50', picture: number) =>
      publisher.deliver({ type: 'frame', key, jpeg: jpeg(picture), capturedAt: picture, encodeMs: 1 });
    assert.equal(frame('640x360q50', 1), null, 'nobody wants it');
    const channel = publisher.hold('640x360q50', true);
    const small = publisher.hold('320x180q50', true);
    const seen: number[] = [];
    const once = {
      frame: ({ sequence }: { sequence: number }) => {
        seen.push(sequence);
        channel.sinks.delete(once);
      },
    };
    channel.sinks.add(once);
    frame('640x360q50', 2);
    frame('640x360q50', 3);
    frame('320x180q50', 4);
    assert.deepEqual(seen, [1]);
    assert.deepEqual(topics, ['cam', 'cam', 'cam@320x180q50']);
    assert.deepEqual([channel.latest?.sequence, small.latest?.capturedAt], [2, 4]);
    publisher.release(small);
    assert.notEqual(publisher.hold('320x180q50', true), small, 'it was let go');
  },
);

test('a channel that another viewer holds stays, and the last one until the next viewer', { timeout }, () => {
  const publisher = new Publisher('cam', '640x360q50', () => undefined);
  const channel = publisher.hold('640x360q50', true);
  assert.equal(publisher.hold('640x360q50', true), channel);
  publisher.release(channel);
  assert.equal(publisher.hold('640x360q50', true), channel);
  publisher.release(channel);
  publisher.release(channel);
  assert.equal(publisher.hold('640x360q50', true), channel, 'its newest frame is of use');
  publisher.release(channel);
  publisher.release(publisher.hold('320x180q50', true));
  assert.notEqual(publisher.hold('640x360q50', true), channel, 'another one was wanted meanwhile');
});

test('renditions are bounded, the default one is always to be had', { timeout }, () => {
  const publisher = new Publisher('cam', '640x360q50', () => undefined);
  const held = Array.from({ length: MAX_EXTRA_RENDITIONS }, (_, i) =>
    publisher.hold(`320x180q${10 + i}`, true),
  );
  assert.throws(() => publisher.hold('320x180q99', true), { code: 'too_many_renditions' });
  publisher.hold('640x360q50', true);
  assert.throws(() => publisher.hold('320x180q99', true), { code: 'too_many_renditions' });
  assert.equal(publisher.hold('320x180q10', true), held[0], 'one that is there may be shared');
  const [, second] = held;
  if (second) publisher.release(second);
  publisher.hold('320x180q99', true);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Publisher } from '../../src/camera/publisher.js';
import { jpeg } from '../support/fake-opener.js';

const timeout = 10_000;

test(
  'a frame goes to the topic and to the sinks of its own rendition, and the newest is kept',
  { timeout },
  () => {
    const topics: string[] = [];
    const publisher = new Publisher('cam', '640x360q50', (topic) => topics.push(topic));
    const frame = (key: '640x360q50' | '320x180q50', picture: number) =>
      publisher.deliver({ type: 'frame', key, jpeg: jpeg(picture), capturedAt: picture, encodeMs: 1 });
    assert.equal(frame('640x360q50', 1), null, 'nobody wants it');
    const channel = publisher.channel('640x360q50');
    const small = publisher.channel('320x180q50');
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
    publisher.drop('320x180q50');
    assert.notEqual(publisher.channel('320x180q50'), small, 'it was let go');
  },
);

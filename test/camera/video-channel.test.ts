import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VideoChannel, type VideoGap, type VideoUnit } from '../../src/camera/video-channel.js';
import type { UnitMessage } from '../../src/shared/worker-protocol.js';

const FAST = { timeout: 30_000 };

const unit = (
  kind: UnitMessage['kind'],
  capturedAt = 0,
  more: { bytes?: number; isLeading?: boolean } = {},
) => {
  const { bytes = 10, isLeading = false } = more;
  const common = { type: 'unit', data: new ArrayBuffer(bytes), capturedAt, isLeading } as const;
  const format = { codec: 'h264', codecString: 'avc1.4d401e', width: 640, height: 360 } as const;
  return kind === 'key'
    ? ({ ...common, kind, format, followsGap: false } as const)
    : ({ ...common, kind } as const);
};

function watched() {
  const channel = new VideoChannel();
  const units: VideoUnit[] = [];
  const gaps: VideoGap[] = [];
  channel.sinks.add({ unit: (one) => units.push(one), unavailable: (gap) => gaps.push(gap) });
  channel.wanted(true);
  return {
    channel,
    units,
    gaps,
    backlog: () =>
      channel
        .backlog()
        .map(({ kind }) => kind)
        .join(' '),
  };
}

test('whoever joins is given the units since the last key unit, without leading ones', FAST, () => {
  const { channel, units, backlog } = watched();
  channel.deliver(unit('key'));
  channel.deliver(unit('delta', 0, { isLeading: true }));
  channel.deliver(unit('delta'));
  assert.equal(backlog(), 'key delta');
  channel.deliver(unit('key'));
  assert.equal(backlog(), 'key');
  assert.equal(units.length, 4);
  assert.ok(
    units.every(({ format }) => format === units[0]?.format),
    'one format while nothing changes',
  );
});

test('the backlog is bounded in bytes, units and time: beyond that joiners wait for a key unit', FAST, () => {
  for (const more of [
    Array.from({ length: 5 }, () => unit('delta', 0, { bytes: 2_000_000 })),
    Array.from({ length: 601 }, () => unit('delta')),
    [unit('delta', 20_001)],
  ]) {
    const { channel, backlog } = watched();
    channel.deliver(unit('key'));
    for (const one of more) channel.deliver(one);
    assert.equal(backlog(), '');
    channel.deliver(unit('key'));
    assert.equal(backlog(), 'key');
  }
});

test('when nobody wants units any more, none are kept: they would be of the past', FAST, () => {
  const { channel, backlog } = watched();
  channel.deliver(unit('key'));
  channel.wanted(false);
  assert.equal(backlog(), '');
  channel.deliver(unit('key'));
  assert.equal(backlog(), '', 'one that was on its way');
});

test('viewers are told once why there is no video, and it ends when there is', FAST, () => {
  const { channel, gaps } = watched();
  channel.source(null);
  channel.source('h264');
  channel.source('jpeg');
  channel.source('jpeg');
  assert.deepEqual(gaps, ['jpeg']);
  channel.source('h264');
  assert.equal(channel.gap, null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PassedFormat } from '../../src/shared/worker-protocol.js';
import {
  type ClientMessage,
  decodeFrameHeader,
  type FrameHeader,
  type VideoMessage,
} from '../../src/wall/protocol.js';
import { WallSession } from '../../src/wall/session/session.js';
import type { VideoUnit, WallSink, WallVideoSink } from '../../src/wall/tile/tile-stream.js';

const FAST = { timeout: 10_000 };
const FRAME_MS = 40;
const FORMAT: PassedFormat = { codec: 'h264', codecString: 'avc1.4d401e', width: 640, height: 360 };
const LIVE = { state: 'live', reason: null, text: '', since: 0 } as const;
const TOLD = { type: 'video', handle: 1, form: 'h264', codec: 'avc1.4d401e', width: 640, height: 360 };

/** A session of version 2 with one camera, whose video and pictures the test plays; time moves by hand. */
class Bench {
  now = 0;
  buffered = 0;
  readonly texts: VideoMessage[] = [];
  readonly frames: FrameHeader[] = [];
  /** What was said and sent, in order. */
  readonly log: string[] = [];
  readonly fallbacks: string[] = [];
  readonly forms: (string | null)[] = [];
  unitsSkipped = 0;
  video: WallVideoSink | null = null;
  pictures: WallSink | null = null;
  backlog: VideoUnit[] = [];
  videoActive = true;
  readonly session = new WallSession(
    {
      sendText: (text) => {
        const message = JSON.parse(text) as VideoMessage;
        if ((message.type as string) !== 'video') return;
        this.texts.push(message);
        this.log.push(message.form);
      },
      sendBinary: (header) => {
        assert.equal(header[0], 2);
        const frame = decodeFrameHeader(header.buffer);
        assert.ok(frame);
        this.frames.push(frame);
        this.log.push(frame.kind);
      },
      bufferedAmount: () => this.buffered,
      close: () => undefined,
    },
    {
      join: (_, sink) => {
        this.pictures = sink;
        sink.state(LIVE);
        return { latest: () => null, setActive: () => undefined, leave: () => (this.pictures = null) };
      },
      joinVideo: (_, sink) => {
        this.video = sink;
        sink.state(LIVE);
        return {
          backlog: () => this.backlog,
          setActive: (active) => (this.videoActive = active),
          leave: () => (this.video = null),
        };
      },
      retry: () => false,
    },
    {
      now: () => this.now,
      epoch: () => this.now,
      protocol: 2,
      counts: {
        frameSkipped: () => undefined,
        unitSkipped: () => this.unitsSkipped++,
        unitSent: () => undefined,
        tileForm: (_, now) => this.forms.push(now),
        fellBack: (_, why) => this.fallbacks.push(why),
      },
      pageVersion: '',
    },
  );

  constructor(
    codecs: readonly string[] = ['h264'],
    backlog: readonly VideoUnit['kind'][] = ['key', 'delta'],
  ) {
    this.backlog = backlog.map((kind) => this.unit(kind));
    this.say({ type: 'subscribe', handle: 1, camera: 'gate', codecs: [...codecs] });
  }

  unit(kind: VideoUnit['kind'], format = FORMAT): VideoUnit {
    const data = new ArrayBuffer(1000);
    return { kind, data, capturedAt: this.now, isLeading: false, followsGap: false, format };
  }

  say(message: ClientMessage): void {
    this.session.message(Buffer.from(JSON.stringify(message)), false);
  }

  ack(): void {
    const newest = this.frames.at(-1);
    if (newest) this.say({ type: 'ack', frames: [[1, newest.sequence]] });
  }

  /** A camera that has a key unit every second. */
  play(seconds: number, isAcknowledged: boolean, format = FORMAT): void {
    for (let i = 0; i < seconds * 25; i++) {
      this.now += FRAME_MS;
      this.video?.unit(this.unit(i % 25 === 0 ? 'key' : 'delta', format));
      this.pictures?.frame({ jpeg: new Uint8Array(5000), capturedAt: this.now });
      if (isAcknowledged) this.ack();
      if (i % 25 === 24) this.session.tick();
    }
  }

  takeLog(): string {
    const log = this.log.join(' ');
    this.log.length = 0;
    return log;
  }
}

test('a tile that can show video is told what it is, then gets the backlog and each unit', FAST, () => {
  const bench = new Bench();
  bench.video?.unit(bench.unit('delta'));
  assert.equal(bench.takeLog(), 'h264 key delta delta');
  assert.deepEqual(bench.texts, [TOLD]);
  assert.deepEqual(
    bench.frames.map(({ sequence }) => sequence),
    [1, 2, 3],
  );
  assert.equal(bench.pictures, null, 'no JPEG is wanted');
  assert.deepEqual(bench.forms, ['h264']);
});

test('a change of parameter sets is told before its key unit', FAST, () => {
  const bench = new Bench();
  bench.takeLog();
  bench.video?.unit(bench.unit('key', { ...FORMAT, codecString: 'avc1.640028', width: 1920, height: 1080 }));
  bench.video?.unit(bench.unit('delta', { ...FORMAT, width: 1920 }));
  assert.equal(bench.takeLog().startsWith('h264 key'), true);
  assert.deepEqual(bench.texts[1], { ...TOLD, codec: 'avc1.640028', width: 1920, height: 1080 });
});

test('a tile without codecs, or with none that is known, gets JPEG and hears nothing of video', FAST, () => {
  for (const codecs of [[], ['av9000']]) {
    const bench = new Bench(codecs);
    bench.play(1, true);
    assert.match(bench.takeLog(), /^jpeg( jpeg)+$/);
    assert.equal(bench.texts.length, 0);
  }
});

test('a browser that draws nothing is given JPEG, and video again half a minute later', FAST, () => {
  const bench = new Bench();
  bench.play(3, true);
  bench.play(3, false);
  assert.deepEqual(bench.fallbacks, ['slow_tile']);
  assert.deepEqual(bench.texts.at(-1), { type: 'video', handle: 1, form: 'jpeg', why: 'slow_tile' });
  assert.equal(bench.video, null, 'no units are wanted');
  bench.ack();
  bench.takeLog();
  bench.play(25, true);
  assert.match(bench.takeLog(), /^(jpeg ?)+$/);
  bench.play(10, true);
  assert.match(bench.takeLog(), /jpeg h264 key delta delta/, 'it begins with a key unit, without a backlog');
  assert.equal(bench.pictures, null);
  assert.ok(bench.unitsSkipped > 5);
  const { sequence: last = 0 } = bench.frames.at(-1) ?? {};
  const gaps = bench.frames.slice(1).filter((frame, i) => {
    const before = bench.frames[i];
    return frame.kind === 'delta' && frame.sequence !== (before?.sequence ?? 0) + 1;
  });
  assert.ok(last > 0);
  assert.deepEqual(gaps, [], 'a delta unit never follows a gap');
});

test('it is the line that is slow when the socket has unsent bytes', FAST, () => {
  const bench = new Bench();
  bench.play(3, true);
  bench.buffered = 30_000;
  bench.play(3, false);
  assert.deepEqual(bench.fallbacks, ['slow_line']);
});

test(
  'JPEG follows the last unit, and the first unit the last JPEG: nothing else is sent between',
  FAST,
  () => {
    const bench = new Bench();
    bench.play(1, true);
    bench.say({ type: 'rendition', handle: 1, codecs: [], why: 'capacity' });
    bench.takeLog();
    bench.video?.unit(bench.unit('delta'));
    assert.equal(bench.takeLog(), '', 'its decoder may be gone');
    bench.pictures?.frame({ jpeg: new Uint8Array(5), capturedAt: bench.now });
    assert.equal(bench.takeLog(), 'jpeg jpeg');
    assert.deepEqual(bench.texts.at(-1), { type: 'video', handle: 1, form: 'jpeg', why: 'capacity' });
    assert.deepEqual(bench.fallbacks, ['capacity']);
    bench.backlog = [];
    bench.say({ type: 'rendition', handle: 1, codecs: ['h264'] });
    bench.ack();
    bench.play(0.2, true);
    const log = bench.takeLog();
    assert.match(log, /^jpeg .*h264 key|^h264 key/);
  },
);

test('a camera that sends what the tile cannot show gives JPEG at once', FAST, () => {
  const bench = new Bench(['h265']);
  bench.play(1, true);
  assert.deepEqual(bench.fallbacks, ['camera_codec']);
  assert.match(bench.takeLog(), /^jpeg jpeg/);
  const gone = new Bench(['h264'], []);
  gone.video?.unavailable('mpeg4');
  gone.play(1, true);
  assert.deepEqual(gone.fallbacks, ['camera_codec']);
  assert.match(gone.takeLog(), /^jpeg jpeg/);
});

test('a live camera without a key unit is shown as JPEG after five seconds', FAST, () => {
  const bench = new Bench(['h264'], []);
  for (let i = 0; i < 200; i++) {
    bench.now += FRAME_MS;
    bench.video?.unit(bench.unit('delta'));
    bench.pictures?.frame({ jpeg: new Uint8Array(5), capturedAt: bench.now });
    if (i % 25 === 24) bench.session.tick();
  }
  assert.deepEqual(bench.fallbacks, ['no_key_frame']);
  assert.match(bench.takeLog(), /^jpeg jpeg/);
});

test('a paused tile is sent nothing, and begins anew with what came since the last key unit', FAST, () => {
  const bench = new Bench();
  bench.play(1, false);
  bench.say({ type: 'pause', handles: [1] });
  assert.equal(bench.videoActive, false);
  bench.takeLog();
  bench.video?.unit(bench.unit('delta'));
  assert.equal(bench.takeLog(), '');
  bench.say({ type: 'resume', handles: [1] });
  assert.equal(bench.videoActive, true);
  assert.equal(bench.takeLog(), 'key delta');
  bench.play(20, true);
  assert.deepEqual(bench.fallbacks, [], 'what was on the way when it was paused is forgotten');
});

test('the main stream takes the place of the small one at its first key unit', FAST, () => {
  const bench = new Bench();
  bench.play(1, true);
  const small = bench.video;
  bench.backlog = [];
  bench.say({ type: 'rendition', handle: 1, codecs: ['h264'], width: 1280, height: 720 });
  assert.equal(bench.video, small, 'another size is for JPEG alone');
  bench.say({ type: 'rendition', handle: 1, codecs: ['h264'], main: true });
  bench.takeLog();
  small?.unit(bench.unit('delta'));
  assert.equal(bench.takeLog(), 'delta');
  bench.video?.unit(bench.unit('delta', { ...FORMAT, width: 1920 }));
  assert.equal(bench.takeLog(), '');
});

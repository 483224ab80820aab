import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_SESSION_COUNTS } from '../support/session-counts.js';
import { WallSession } from '../../src/wall/session/session.js';
import type { WallRequest, WallSink, WallState } from '../../src/wall/tile/tile-stream.js';
import {
  decodeFrameHeader,
  MESSAGE_BURST,
  HANDLES_PER_SECOND,
  HANDLE_BURST,
  MAX_HANDLES,
  type ClientMessage,
} from '../../src/wall/protocol.js';
import type { RefusalCode } from '../../src/shared/errors.js';

const FAST = { timeout: 20_000 };

const LIVE: WallState = { state: 'live', reason: null, text: '', since: 1 };

interface Sent {
  readonly handle: number;
  readonly sequence: number;
  readonly capturedAt: number;
  readonly at: number;
}

class FakeStream {
  active = true;
  left = false;
  newest: { jpeg: Uint8Array; capturedAt: number } | null = null;
  constructor(
    readonly request: WallRequest,
    readonly sink: WallSink,
  ) {}

  frame(capturedAt: number, bytes = 1000): void {
    this.newest = { jpeg: new Uint8Array(bytes), capturedAt };
    if (!this.left && this.active) this.sink.frame(this.newest);
  }
}

/** A session over fakes: what it sends is kept, and time moves by hand. */
class Bench {
  now = 0;
  buffered = 0;
  skipped = 0;
  readonly texts: unknown[] = [];
  readonly frames: Sent[] = [];
  readonly streams: FakeStream[] = [];
  readonly retries: WallRequest[] = [];
  closed: { readonly code: RefusalCode; readonly reason: string } | null = null;
  onJoin: (stream: FakeStream) => void = () => undefined;
  onFrame: (frame: Sent, bytes: number) => void = () => undefined;
  readonly session = new WallSession(
    {
      sendText: (text) => {
        assert.equal(this.closed, null, 'nothing is sent after close');
        this.texts.push(JSON.parse(text));
      },
      sendBinary: (header, jpeg) => {
        assert.equal(this.closed, null, 'nothing is sent after close');
        const decoded = decodeFrameHeader(header.buffer);
        assert.ok(decoded);
        const frame = { ...decoded, at: this.now };
        this.frames.push(frame);
        this.onFrame(frame, jpeg.byteLength);
      },
      bufferedAmount: () => this.buffered,
      close: (code, reason) => {
        this.closed = { code, reason };
      },
    },
    {
      join: (request, sink) => {
        const stream = new FakeStream(request, sink);
        this.streams.push(stream);
        this.onJoin(stream);
        return {
          latest: () => stream.newest,
          setActive: (active) => {
            stream.active = active;
          },
          leave: () => {
            stream.left = true;
          },
        };
      },
      joinVideo: () => assert.fail('version 1 knows no video'),
      retry: (request) => {
        this.retries.push(request);
        return this.retries.length === 1;
      },
    },
    {
      now: () => this.now,
      epoch: () => 1_700_000_000_000 + this.now,
      protocol: 1,
      counts: { ...NO_SESSION_COUNTS, frameSkipped: () => (this.skipped += 1) },
      pageVersion: 'v1',
    },
  );

  say(message: ClientMessage): void {
    this.session.message(Buffer.from(JSON.stringify(message)), false);
  }

  stream(at: number): FakeStream {
    const stream = this.streams[at];
    assert.ok(stream);
    return stream;
  }

  subscribe(count: number): void {
    for (let handle = 1; handle <= count; handle += 1)
      this.say({ type: 'subscribe', handle, camera: `cam${handle}` });
  }

  ack(frame: Sent | undefined): void {
    assert.ok(frame);
    this.say({ type: 'ack', frames: [[frame.handle, frame.sequence]] });
  }

  end(): { readonly code: RefusalCode; readonly reason: string } | null {
    return this.closed;
  }

  get captured(): number[] {
    return this.frames.map(({ capturedAt }) => capturedAt);
  }
}

test('a retry is passed on, and its answer says whether it was accepted', FAST, () => {
  const bench = new Bench();
  bench.say({ type: 'retry', camera: 'gate', rtsp: 'rtsp://h/s', main: true });
  bench.say({ type: 'retry', camera: 'gate' });
  assert.deepEqual(bench.retries[0], { camera: 'gate', rtsp: 'rtsp://h/s', main: true });
  assert.deepEqual(bench.texts, [
    { type: 'retried', camera: 'gate', accepted: true },
    { type: 'retried', camera: 'gate', accepted: false },
  ]);
});

test('a session greets with its version, clock and limits, and answers pings with its clock', FAST, () => {
  const bench = new Bench();
  bench.session.open();
  bench.now = 5;
  bench.say({ type: 'ping', sent: 42 });
  assert.deepEqual(bench.texts, [
    { type: 'hello', protocol: 1, time: 1_700_000_000_000, credits: 2, maxHandles: 400, page: 'v1' },
    { type: 'pong', sent: 42, time: 1_700_000_000_005 },
  ]);
});

test(
  'a tile without acknowledgements gets two frames, and then only the newest when one is drawn',
  FAST,
  () => {
    const bench = new Bench();
    bench.subscribe(1);
    for (let at = 1; at <= 9; at += 1) bench.stream(0).frame(at);
    assert.deepEqual(bench.captured, [1, 2]);
    bench.ack(bench.frames[0]);
    assert.deepEqual(bench.captured, [1, 2, 9]);
    assert.equal(bench.frames[2]?.sequence, 9, 'the gap tells how many were skipped');
    bench.ack(bench.frames[2]);
    assert.equal(bench.frames.length, 3, 'nothing queues');
    assert.equal(bench.skipped, 6, 'each one that a newer one replaced is counted');
  },
);

test(
  'one acknowledgement settles all frames before it, and one of an unknown frame settles none',
  FAST,
  () => {
    const bench = new Bench();
    bench.subscribe(1);
    for (let at = 1; at <= 3; at += 1) bench.stream(0).frame(at);
    bench.say({ type: 'ack', frames: [[1, 77]] });
    bench.say({ type: 'ack', frames: [[9, 1]] });
    assert.deepEqual(bench.captured, [1, 2]);
    bench.ack(bench.frames[1]);
    bench.stream(0).frame(4);
    bench.stream(0).frame(5);
    assert.deepEqual(bench.captured, [1, 2, 3, 4]);
  },
);

test('a tile that joins a running stream gets its newest frame at once', FAST, () => {
  const bench = new Bench();
  bench.onJoin = (stream) => {
    stream.newest = { jpeg: new Uint8Array(10), capturedAt: 7 };
  };
  bench.subscribe(1);
  assert.deepEqual(bench.captured, [7]);
});

test('another rendition takes over with its first frame, and the old one flows until then', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  const old = bench.stream(0);
  old.sink.state(LIVE);
  old.frame(1);
  bench.ack(bench.frames[0]);
  bench.say({ type: 'rendition', handle: 1, width: 1280, height: 720 });
  const next = bench.stream(1);
  assert.deepEqual([next.request.width, next.request.height, next.request.camera], [1280, 720, 'cam1']);
  next.sink.state({ ...LIVE, state: 'connecting' });
  old.frame(2);
  bench.ack(bench.frames[1]);
  assert.equal(old.left, false);
  next.sink.state(LIVE);
  next.frame(3);
  assert.equal(old.left, true);
  old.sink.frame({ jpeg: new Uint8Array(1), capturedAt: 99 });
  assert.deepEqual(bench.captured, [1, 2, 3]);
  const states = bench.texts.map((text) => (text as { state: string }).state);
  assert.deepEqual(states, ['live'], 'the connecting of the new rendition is not shown');
});

test('a refused rendition leaves the tile as it was', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  bench.onJoin = (stream) => stream.sink.refused({ code: 4409, reason: 'name_in_use', text: 'no' });
  bench.say({ type: 'rendition', handle: 1, main: true });
  assert.deepEqual(bench.texts, [
    { type: 'refused', handle: 1, what: 'rendition', code: 4409, reason: 'name_in_use', text: 'no' },
  ]);
  bench.stream(0).frame(1);
  assert.deepEqual(bench.captured, [1]);
  assert.deepEqual([bench.stream(0).left, bench.stream(1).left], [false, true]);
});

test('a rendition that is replaced before its first frame is left', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  bench.say({ type: 'rendition', handle: 1, width: 320, height: 180 });
  bench.say({ type: 'rendition', handle: 1, width: 1280, height: 720 });
  assert.deepEqual(
    bench.streams.map(({ left }) => left),
    [false, true, false],
  );
});

test('a refused subscription frees its handle, also when it is refused at once', FAST, () => {
  const bench = new Bench();
  bench.onJoin = (stream) => stream.sink.refused({ code: 4404, reason: 'no_such_camera', text: 'none' });
  bench.subscribe(1);
  bench.onJoin = () => undefined;
  bench.subscribe(1);
  assert.equal(bench.end(), null);
  assert.equal(bench.session.tiles, 1);
  bench.stream(1).sink.refused({ code: 4502, reason: 'refused', text: 'later' });
  assert.equal(bench.session.tiles, 0);
  assert.deepEqual(
    bench.texts.map((text) => (text as { code: number }).code),
    [4404, 4502],
  );
});

test('a stream that is refused after a while is left: its seat would keep the camera open', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  bench.stream(0).sink.refused({ code: 4502, reason: 'refused', text: 'connection refused' });
  assert.equal(bench.stream(0).left, true);
  bench.subscribe(1);
  bench.stream(1).frame(1);
  bench.say({ type: 'rendition', handle: 1, main: true });
  bench.stream(2).sink.refused({ code: 4502, reason: 'refused', text: 'connection refused' });
  assert.deepEqual([bench.stream(1).left, bench.stream(2).left], [false, true]);
});

test('a paused tile gets no frames but its states, and its newest frame when it resumes', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  const stream = bench.stream(0);
  bench.say({ type: 'pause', handles: [1, 55] });
  assert.equal(stream.active, false);
  stream.sink.frame({ jpeg: new Uint8Array(1), capturedAt: 1 });
  stream.sink.state(LIVE);
  assert.equal(bench.frames.length, 0);
  assert.equal(bench.texts.length, 1);
  stream.frame(2);
  bench.say({ type: 'resume', handles: [1] });
  assert.equal(stream.active, true);
  assert.deepEqual(bench.captured, [2]);
});

test('a resume sends the newest frame however old it is, and none that was sent before', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  const stream = bench.stream(0);
  stream.frame(1);
  bench.ack(bench.frames[0]);
  for (let at = 0; at < 10; at += 1) {
    bench.say({ type: 'pause', handles: [1] });
    bench.say({ type: 'resume', handles: [1] });
  }
  assert.deepEqual(bench.captured, [1], 'the browser has it');
  bench.say({ type: 'pause', handles: [1] });
  stream.frame(2);
  bench.now = 60_000;
  bench.say({ type: 'resume', handles: [1] });
  assert.deepEqual(bench.captured, [1, 2]);
});

test('another rendition with an old frame takes over with its first newer one', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  bench.stream(0).frame(5);
  bench.ack(bench.frames[0]);
  bench.onJoin = (stream) => {
    stream.newest = { jpeg: new Uint8Array(10), capturedAt: 3 };
  };
  bench.say({ type: 'rendition', handle: 1, width: 320, height: 180 });
  assert.deepEqual(bench.captured, [5]);
  bench.stream(1).frame(6);
  assert.deepEqual(bench.captured, [5, 6]);
});

test(
  'a bound for old pictures that changes with each key frame is sent once a second, a state at once',
  FAST,
  () => {
    const bench = new Bench();
    bench.subscribe(1);
    const { sink } = bench.stream(0);
    for (let gap = 1000; gap < 1020; gap += 1) sink.state({ ...LIVE, maxGap: gap });
    assert.equal(bench.texts.length, 1);
    bench.session.tick();
    bench.session.tick();
    const gaps = (): unknown[] => bench.texts.map((text) => (text as { maxGap?: number }).maxGap);
    assert.deepEqual(gaps(), [1000, 1019]);
    sink.state({ ...LIVE, maxGap: 5 });
    sink.state({ ...LIVE, state: 'stale', since: 2, maxGap: 6 });
    bench.session.tick();
    assert.deepEqual(gaps(), [1000, 1019, 6], 'what was put off goes with the state');
    sink.state({ ...LIVE, state: 'stale', since: 2 });
    bench.say({ type: 'unsubscribe', handle: 1 });
    bench.session.tick();
    assert.deepEqual(gaps(), [1000, 1019, 6]);
  },
);

test('unsubscribing and closing leave every stream', FAST, () => {
  const bench = new Bench();
  bench.subscribe(3);
  bench.say({ type: 'unsubscribe', handle: 2 });
  assert.deepEqual(
    bench.streams.map(({ left }) => left),
    [false, true, false],
  );
  bench.session.closed();
  assert.ok(bench.streams.every(({ left }) => left));
  for (const stream of bench.streams) stream.sink.frame({ jpeg: new Uint8Array(1), capturedAt: 1 });
  assert.equal(bench.frames.length, 0);
});

test('a bad message closes with 4400 and its name, and leaves every stream', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  bench.session.message(Buffer.from('{"type":"pause","handles":[0]}'), false);
  assert.deepEqual(bench.end(), { code: 'bad_parameter', reason: 'bad message: handles.0' });
  assert.equal(bench.stream(0).left, true);
  bench.say({ type: 'ping', sent: 1 });
});

test('a tile with an odd width is refused, and the others keep their socket', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  bench.session.message(Buffer.from('{"type":"subscribe","handle":2,"camera":"b","width":641}'), false);
  bench.session.message(Buffer.from('{"type":"rendition","handle":1,"quality":0}'), false);
  const text = 'bad message: width must be an even whole number from 16 to 7680';
  assert.deepEqual(bench.texts[0], {
    type: 'refused',
    handle: 2,
    what: 'subscribe',
    code: 4400,
    reason: 'bad_parameter',
    text,
  });
  assert.equal((bench.texts[1] as { what: string }).what, 'rendition');
  bench.stream(0).frame(1);
  assert.deepEqual(bench.captured, [1]);
  bench.session.message(Buffer.from('{"type":"subscribe","handle":1,"camera":"b","width":641}'), false);
  assert.equal(bench.end()?.reason, 'bad subscribe: handle 1 is in use');
});

test('a handle in use and one handle too many close with 4400', FAST, () => {
  const twice = new Bench();
  twice.subscribe(1);
  twice.subscribe(1);
  assert.deepEqual(twice.end(), { code: 'bad_parameter', reason: 'bad subscribe: handle 1 is in use' });
  const many = new Bench();
  many.subscribe(MAX_HANDLES);
  assert.equal(many.end(), null);
  many.say({ type: 'subscribe', handle: 999, camera: 'a' });
  assert.equal(many.end()?.reason, 'bad subscribe: at most 400 handles');
});

test('a flood of messages closes with 4429, a steady wall does not', FAST, () => {
  const flood = new Bench();
  for (let at = 0; at <= MESSAGE_BURST; at += 1) flood.say({ type: 'ping', sent: at });
  assert.equal(flood.end()?.code, 'too_many_messages');
  const steady = new Bench();
  for (let at = 0; at < 10 * MESSAGE_BURST; at += 1) {
    steady.now = at * 10;
    steady.say({ type: 'ping', sent: at });
  }
  assert.equal(steady.end(), null);
});

test('pauses are limited by the handles that they name, whether or not these change', FAST, () => {
  const handles = Array.from({ length: MAX_HANDLES }, (_, at) => at + 1);
  const flood = new Bench();
  flood.subscribe(MAX_HANDLES);
  for (let at = 0; at <= HANDLE_BURST / MAX_HANDLES; at += 1) flood.say({ type: 'pause', handles });
  assert.equal(flood.end()?.code, 'too_many_messages');
  const steady = new Bench();
  steady.subscribe(MAX_HANDLES);
  for (let at = 0; at < 200; at += 1) {
    steady.now = (at * MAX_HANDLES * 1000) / HANDLES_PER_SECOND;
    steady.say({ type: at % 2 ? 'resume' : 'pause', handles });
  }
  assert.equal(steady.end(), null);
});

test('a browser that draws nothing for 15 s is closed with 4408, an idle one is not', FAST, () => {
  const bench = new Bench();
  bench.subscribe(1);
  bench.now = 60_000;
  bench.session.tick();
  bench.stream(0).frame(1);
  bench.now = 74_000;
  bench.session.tick();
  assert.equal(bench.end(), null);
  bench.now = 75_100;
  bench.session.tick();
  assert.equal(bench.end()?.code, 'too_slow');
});

test('a browser that does not read its texts is closed before they pile up', FAST, () => {
  const bench = new Bench();
  bench.buffered = 5 * 1024 * 1024;
  bench.session.tick();
  assert.equal(bench.end()?.code, 'too_slow');
});

test('frames on the way may all wait to be sent, those of tiles that are gone may not pile up', FAST, () => {
  const bench = new Bench();
  const large = 5 * 1024 * 1024;
  bench.subscribe(1);
  bench.stream(0).frame(1, large);
  bench.buffered = large;
  bench.session.tick();
  assert.equal(bench.end(), null);
  bench.say({ type: 'unsubscribe', handle: 1 });
  bench.say({ type: 'subscribe', handle: 2, camera: 'cam2' });
  bench.stream(1).frame(2, large);
  assert.equal(bench.frames.length, 1);
  bench.session.tick();
  assert.equal(bench.end()?.code, 'too_slow');
});

/**
 * A wall behind a line of `bytesPerMs`: frames arrive one after the other and are acknowledged
 * a round trip later, in batches as the worker of the page sends them.
 * Returns what each tile got and how old its frames were on arrival.
 */
function onLine(tiles: number, bytesPerMs: number, seconds: number): { counts: number[]; ages: number[] } {
  const bench = new Bench();
  const counts = new Array<number>(tiles).fill(0);
  const ages: number[] = [];
  const arrivals: { readonly at: number; readonly frame: Sent }[] = [];
  const drawn = new Map<number, number>();
  let lineFreeAt = 0;
  bench.onFrame = (frame, bytes) => {
    lineFreeAt = Math.max(lineFreeAt, bench.now) + bytes / bytesPerMs;
    arrivals.push({ at: lineFreeAt + 10, frame });
  };
  bench.subscribe(tiles);
  for (bench.now = 0; bench.now < seconds * 1000; bench.now += 1) {
    if (bench.now % 40 === 0) for (const stream of bench.streams) stream.frame(bench.now, 20_000);
    for (let next = arrivals[0]; next && next.at <= bench.now; next = arrivals[0]) {
      arrivals.shift();
      if (bench.now > 5000) {
        counts[next.frame.handle - 1] = (counts[next.frame.handle - 1] ?? 0) + 1;
        ages.push(bench.now - next.frame.capturedAt);
      }
      drawn.set(next.frame.handle, next.frame.sequence);
    }
    if (bench.now % 15 === 0 && drawn.size > 0) {
      bench.say({ type: 'ack', frames: [...drawn] });
      drawn.clear();
    }
  }
  return { counts, ages: ages.sort((a, b) => a - b) };
}

test('64 tiles on a line for a tenth of them get fresh frames, evenly', { timeout: 60_000 }, () => {
  const { counts, ages } = onLine(64, 3_200, 20);
  const expected = (3_200 * 15_000) / 20_000;
  const total = counts.reduce((sum, count) => sum + count, 0);
  assert.ok(total > expected * 0.85, `the line is used: ${total} of ${expected}`);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  assert.ok(most <= least * 1.25, `evenly: ${least} to ${most} frames`);
  const p90 = ages[Math.floor(ages.length * 0.9)] ?? Infinity;
  assert.ok(p90 < 500, `fresh: p90 ${p90} ms`);
});

test('a fast line carries every frame of every tile', { timeout: 60_000 }, () => {
  const { counts, ages } = onLine(16, 100_000, 12);
  assert.ok(Math.min(...counts) >= 7 * 25 - 2, `${Math.min(...counts)} frames`);
  assert.ok((ages[Math.floor(ages.length * 0.9)] ?? Infinity) < 40);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CAMERA_FAULTS, REFUSALS } from '../../src/shared/errors.js';
import { Announcements } from '../../src/wall/page/announcements.js';
import { cameraIdFrom, hostOf, rtspProblem } from '../../src/wall/page/camera-name.js';
import { ClockOffset } from '../../src/wall/page/clock-offset.js';
import { layoutFor } from '../../src/wall/page/layout.js';
import { REASONS_EN } from '../../src/wall/page/reason-texts.js';
import { PausePace } from '../../src/wall/page/pause-pace.js';
import { askAgainDelay, listDelay, retryDelay } from '../../src/wall/page/retry-delay.js';
import { EN, ES, stringsFor } from '../../src/wall/page/strings.js';
import { ago, reasonText, tileTexts } from '../../src/wall/page/tile-texts.js';
import { renditionFor, validRendition } from '../../src/wall/page/tile-rendition.js';
import { type TileFacts, verdictOf } from '../../src/wall/page/verdict.js';
import {
  arrange,
  EMPTY_ADDRESS,
  formatAddress,
  parseAddress,
  withNewNames,
} from '../../src/wall/page/wall-address.js';

const FAST = { timeout: 20_000 };
const AUTO = { kind: 'auto' } as const;

test('any number of tiles has room for each, in 16:9, without overflow unless it scrolls', FAST, () => {
  const size = fc.integer({ min: 200, max: 4000 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), size, size, (count, width, height) => {
      const {
        columns,
        rows,
        width: tile,
        height: tileHeight,
        gap,
        scrolls,
      } = layoutFor(count, width, height, AUTO);
      assert.ok(columns * rows >= count);
      assert.ok(
        (columns - 1) * rows < count ||
          rows === 1 ||
          columns === 1 ||
          scrolls ||
          (rows - 1) * columns < count,
      );
      assert.ok(Math.abs(tile / tileHeight - 16 / 9) < 0.1);
      assert.ok(columns * tile + (columns - 1) * gap <= width);
      assert.ok(scrolls || rows * tileHeight + (rows - 1) * gap <= height);
    }),
  );
});

test('a 1080p screen shows 1, 4, 16 and 64 tiles as squares of tiles, and a phone two columns', FAST, () => {
  for (const side of [1, 2, 4, 8]) assert.equal(layoutFor(side * side, 1920, 1036, AUTO).columns, side);
  assert.equal(layoutFor(64, 390, 756, AUTO).columns, 2);
  assert.equal(layoutFor(64, 390, 756, AUTO).scrolls, true);
  assert.equal(layoutFor(9, 1920, 1036, { kind: 'columns', columns: 5 }).columns, 5);
});

test('a wall address survives being written and read', FAST, () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
  const names = fc.uniqueArray(name, { maxLength: 30 });
  const columns = fc.option(fc.integer({ min: 1, max: 20 }));
  fc.assert(
    fc.property(names, names, columns, (order, hidden, cols) => {
      const address = { order, hidden, columns: cols };
      assert.deepEqual(parseAddress(formatAddress(address)), address);
    }),
  );
});

test('an odd wall address is read as far as it makes sense', FAST, () => {
  const odd = '#order=a,<script>,a,b&cols=0&hide=%00,c&x=1';
  assert.deepEqual(parseAddress(odd), { order: ['a', 'b'], hidden: ['c'], columns: null });
  assert.deepEqual(parseAddress(''), EMPTY_ADDRESS);
});

test('new cameras come after the ordered ones, and hidden or gone ones not at all', FAST, () => {
  const address = { order: ['c', 'gone', 'a'], hidden: ['b'], columns: null };
  assert.deepEqual(arrange(['a', 'b', 'c', 'd'], address), ['c', 'a', 'd']);
});

test('cameras that were renamed keep their places in an address, and stay hidden', FAST, () => {
  const address = { order: ['c', 'old', 'a', 'new'], hidden: ['was'], columns: 2 };
  const names = new Map([
    ['old', 'new'],
    ['was', 'is'],
  ]);
  assert.deepEqual(withNewNames(address, names), { order: ['c', 'new', 'a'], hidden: ['is'], columns: 2 });
  assert.equal(withNewNames(address, new Map([['other', 'b']])), address);
});

const NOW = 1_000_000;
const LIVE: TileFacts = {
  state: { state: 'live', reason: null, text: '', since: NOW - 60_000 },
  refused: null,
  isKnown: true,
  linkLostAt: null,
  capturedAt: NOW - 100,
  expectedSince: NOW - 60_000,
  paused: false,
  fps: null,
};

test('a tile is live only with a fresh picture, a live camera and a connection', FAST, () => {
  assert.deepEqual(verdictOf(LIVE, NOW), { word: 'live', live: true, reason: null, text: '', age: 0 });
  assert.equal(verdictOf({ ...LIVE, linkLostAt: NOW - 10 }, NOW).word, 'link');
  assert.equal(verdictOf({ ...LIVE, state: null }, NOW).word, 'connecting');
  assert.equal(verdictOf({ ...LIVE, capturedAt: null, expectedSince: NOW }, NOW).word, 'waiting');
  assert.equal(verdictOf({ ...LIVE, refused: { reason: 'at_capacity', text: 't' } }, NOW).word, 'refused');
});

test('a tile whose frames stop says stale by itself, though the server says live', FAST, () => {
  const silent = { ...LIVE, capturedAt: NOW - 7000 };
  const verdict = verdictOf(silent, NOW);
  assert.deepEqual(
    [verdict.word, verdict.live, verdict.age, verdict.reason],
    ['stale', false, 7000, 'no_frames'],
  );
  assert.equal(verdictOf({ ...silent, fps: 0.2 }, NOW).word, 'live');
});

test('a camera of which only key frames come is live as long as they come as seldom as they do', FAST, () => {
  const state = { state: 'live', reason: null, text: '', since: NOW - 60_000, maxGap: 15_000 } as const;
  assert.equal(verdictOf({ ...LIVE, state, capturedAt: NOW - 12_000 }, NOW).word, 'live');
  assert.equal(verdictOf({ ...LIVE, state, capturedAt: NOW - 16_000 }, NOW).word, 'stale');
  assert.equal(verdictOf({ ...LIVE, state: { ...state, maxGap: 1000 } }, NOW + 4000).word, 'live');
});

test('a tile that was just resumed shows its last picture with its age until the first new one', FAST, () => {
  for (const age of [3000, 60_000]) {
    const resumed = { ...LIVE, capturedAt: NOW - age, expectedSince: NOW - 50 };
    const verdict = verdictOf(resumed, NOW);
    assert.deepEqual([verdict.word, verdict.live, verdict.age], ['stale', false, age]);
    assert.equal(verdictOf({ ...resumed, paused: true }, NOW).live, false);
  }
  const slow = { ...LIVE, capturedAt: NOW - 3000, expectedSince: NOW - 50 };
  assert.equal(verdictOf({ ...slow, fps: 0.2 }, NOW).word, 'live', 'there is no newer one yet');
  // While nobody watches the server decodes key frames only: that does not make the picture newer.
  const state = { state: 'live', reason: null, text: '', since: 0, maxGap: 10_000 } as const;
  assert.equal(verdictOf({ ...slow, state }, NOW).word, 'stale');
});

test('a tile without a picture says that it waits for one, and never live or frozen', FAST, () => {
  for (const state of ['live', 'frozen'] as const) {
    const blank = { ...LIVE, state: { state, reason: null, text: '', since: 0 }, capturedAt: null };
    assert.equal(verdictOf({ ...blank, expectedSince: NOW }, NOW).word, 'waiting');
    assert.equal(verdictOf({ ...blank, paused: true }, NOW).word, 'waiting');
    const late = verdictOf({ ...blank, expectedSince: NOW - 9000 }, NOW);
    assert.deepEqual([late.word, late.reason, late.age], ['waiting', 'no_frames', 9000]);
  }
});

test('no verdict but live and frozen lets the picture look like the present', FAST, () => {
  const facts = fc.record<TileFacts>({
    state: fc.option(
      fc.record({
        state: fc.constantFrom('connecting', 'live', 'stale', 'frozen', 'offline'),
        reason: fc.constant(null),
        text: fc.constant(''),
        since: fc.integer({ min: 0, max: NOW }),
      }),
    ),
    refused: fc.option(fc.constant({ reason: 'at_capacity', text: '' })),
    isKnown: fc.boolean(),
    linkLostAt: fc.option(fc.integer({ min: 0, max: NOW })),
    capturedAt: fc.option(fc.integer({ min: 0, max: NOW })),
    expectedSince: fc.integer({ min: 0, max: NOW }),
    paused: fc.boolean(),
    fps: fc.constant(null),
  });
  fc.assert(
    fc.property(facts, (given) => {
      const verdict = verdictOf(given, NOW);
      assert.ok(verdict.age >= 0);
      if (given.capturedAt === null) assert.ok(verdict.word !== 'live' && verdict.word !== 'frozen');
      if (given.state?.state === 'live') assert.ok(verdict.word !== 'connecting');
      if (!verdict.live) return;
      assert.ok(verdict.word === 'live' || verdict.word === 'frozen');
      assert.ok(given.linkLostAt === null && given.refused === null);
      assert.ok(NOW - (given.capturedAt ?? 0) <= 5000);
    }),
  );
});

test('the clock offset is that of the quickest ping', FAST, () => {
  const offset = new ClockOffset();
  offset.hello(9_000, 1_000);
  assert.equal(offset.ms, 8000);
  offset.add(1_000, 6_400, 1_800);
  offset.add(2_000, 7_010, 2_020);
  assert.equal(offset.ms, 5000);
});

test('retries back off with jitter to 15 s at most, and 30 s after a refusal', FAST, () => {
  assert.deepEqual(
    [0, 1, 2].map((tries) => retryDelay(tries, 1)),
    [500, 1000, 2000],
  );
  assert.equal(retryDelay(50, 1), 15_000);
  assert.equal(retryDelay(0, 0), 250);
  assert.equal(retryDelay(0, 1, 4401), 30_000);
});

test('every reason that the service can give has a text in both languages', FAST, () => {
  for (const code of [...Object.keys(CAMERA_FAULTS), ...Object.keys(REFUSALS)]) {
    assert.ok(Object.hasOwn(REASONS_EN, code), code);
    assert.notEqual(reasonText(code, '', EN), reasonText(code, '', ES));
  }
  assert.equal(reasonText('toString', 'as the server says', EN), 'as the server says');
  assert.equal(stringsFor('es-MX'), ES);
  assert.equal(stringsFor('est'), EN);
  assert.deepEqual([ago(7_900, EN), ago(180_000, EN), ago(3 * 3_600_000, ES)], ['7 s', '3 min', '3 h']);
});

test('the state of several cameras is said in the plural', FAST, () => {
  assert.deepEqual(
    [1, 2].map((count) => ES.wordOf('refused', count)),
    ['Rechazada', 'Rechazadas'],
  );
  assert.deepEqual(
    [1, 2].map((count) => ES.wordOf('live', count)),
    ['En directo', 'En directo'],
  );
  assert.deepEqual(
    [1, 2].map((count) => EN.wordOf('refused', count)),
    ['Refused', 'Refused'],
  );
});

test('a name that a person types becomes a stream name', FAST, () => {
  assert.equal(cameraIdFrom('Cámara de la puerta nº 2'), 'camara-de-la-puerta-no-2');
  assert.equal(cameraIdFrom('  <b>x</b>'), 'b-x-b');
  assert.equal(cameraIdFrom('門'), '');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (title) => {
      const id = cameraIdFrom(title);
      assert.ok(id === '' || /^[a-z0-9][a-z0-9._-]{0,63}$/.test(id), id);
    }),
  );
});

test('a URL that cannot be right is caught before it is sent', FAST, () => {
  assert.equal(rtspProblem(' '), 'empty');
  assert.equal(rtspProblem('http://h/'), 'scheme');
  assert.equal(rtspProblem('rtsp:///x'), 'host');
  assert.equal(rtspProblem('RTSPS://h'), null);
  for (const secret of ['p@ss', 'p/ss', 'p?ss', 'p#ss', 'p;ss', 'p\\ss', 'p%ss'])
    assert.equal(rtspProblem(`rtsp://viewer:${secret}@192.168.1.20/stream2`), 'password', secret);
  assert.equal(rtspProblem('rtsp://viewer:p%40ss@192.168.1.20/stream2'), null);
  assert.equal(rtspProblem('rtsp://192.168.1.20/stream@2'), null);
  assert.equal(rtspProblem('rtsp://[2001:db8::7]/stream@2'), null);
  assert.equal(hostOf('rtsp://u:p@ss/w@192.168.1.20:554/s'), '192.168.1.20');
  assert.equal(hostOf('rtsp://[::1]:8554/s'), '[::1]');
});

test('small tiles ask for small pictures, and the large one for the main stream', FAST, () => {
  assert.deepEqual(renditionFor(231, false), { width: 320, height: 180 });
  assert.deepEqual(renditionFor(640, false), {});
  assert.deepEqual(renditionFor(1600, false), { width: 1280, height: 720 });
  assert.deepEqual(renditionFor(1600, true), { width: 1920, height: 1080, main: true });
});

test('a rendition that a page asks for is made one that the service takes', FAST, () => {
  const cases: readonly (readonly [given: object, valid: object])[] = [
    [{ width: '640' }, { width: 640 }],
    [
      { width: '641', height: '359' },
      { width: 642, height: 360 },
    ],
    [
      { width: 1, height: 99_999 },
      { width: 16, height: 4320 },
    ],
    [
      { quality: 70.4, fps: 500 },
      { quality: 70, fps: 120 },
    ],
    [{ width: 'wide', height: '', quality: null, fps: -1 }, {}],
    [{ main: true }, { main: true }],
    [{ main: 'true' }, {}],
  ];
  for (const [given, valid] of cases)
    assert.deepEqual(JSON.parse(JSON.stringify(validRendition(given))), valid, JSON.stringify(given));
});

test('a list that is refused is asked for ever less often, and one that fails soon again', FAST, () => {
  const waits = (status: number): number[] =>
    [1, 2, 3, 4, 9].map((failures) => listDelay(failures, status, 0.5));
  assert.equal(listDelay(0, 200, 0.5), 5000);
  assert.deepEqual(waits(401), [30_000, 60_000, 120_000, 240_000, 300_000]);
  assert.deepEqual(waits(0), [5000, 10_000, 20_000, 30_000, 30_000]);
});

test(
  'a camera that was late is asked for again within seconds, once, and any other within half a minute',
  { timeout: 30_000 },
  () => {
    const waits = (reason: string, tries: number): number[] =>
      [0, 0.999].map((random) => Math.round(askAgainDelay(reason, tries, random) / 1000));
    assert.deepEqual(waits('open_timeout', 0), [3, 6]);
    assert.deepEqual(waits('open_timeout', 1), [15, 30]);
    assert.deepEqual(waits('unauthorized', 0), [15, 30]);
  },
);

test(
  'tiles that a busy page resumes one after another do not wait for each other',
  { timeout: 30_000 },
  () => {
    const pace = new PausePace();
    let now = 0;
    for (let batch = 0; batch < 6; batch += 1) {
      assert.equal(pace.wait(now), 15);
      now += 15;
      pace.sent(now);
    }
  },
);

test(
  'a wall that is hidden and shown for ever is told of in ten batches a second at most',
  { timeout: 30_000 },
  () => {
    const pace = new PausePace();
    let batches = 0;
    for (let now = 0; now < 60_000; batches += 1) {
      now += pace.wait(now);
      pace.sent(now);
    }
    assert.ok(batches <= 600, `${batches} in a minute`);
  },
);

test('a camera that was there is called removed, one that never was refused', FAST, () => {
  const refused = { reason: 'no_such_camera', text: '' };
  const removed = verdictOf({ ...LIVE, state: null, refused }, NOW);
  const unknown = verdictOf({ ...LIVE, state: null, refused, isKnown: false }, NOW);
  const full = verdictOf({ ...LIVE, state: null, refused: { ...refused, reason: 'at_capacity' } }, NOW);
  assert.deepEqual(
    [removed, unknown, full].map((verdict) => tileTexts(verdict, EN, 0).badge),
    ['Removed', 'Refused', 'Refused'],
  );
  const changes = new Announcements();
  changes.note('A', { word: 'live' });
  changes.note('B', { word: 'live' });
  assert.deepEqual([...changes.take()], []);
  changes.note('B', { word: 'connecting' });
  changes.note('B', removed);
  changes.note('typo', { word: 'connecting' });
  changes.note('typo', unknown);
  assert.deepEqual(
    [...changes.take()],
    [
      ['removed', ['B']],
      ['refused', ['typo']],
    ],
  );
  changes.note('B', { word: 'connecting' });
  changes.note('B', removed);
  assert.deepEqual([...changes.take()], [], 'it is told once');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layoutFor } from '../../src/wall/page/layout.js';
import { sequenceOf, turnAt } from '../../src/wall/page/sequence.js';
import { parseViewList } from '../../src/wall/page/server-messages.js';
import { parsePageAddress } from '../../src/wall/page/view.js';

const FAST = { timeout: 20_000 };
const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `c${at + 1}`);

test('a large tile takes half of the screen or more, and every small one has a place beside it', FAST, () => {
  for (const [count, columns, span] of [
    [2, 3, 2],
    [6, 3, 2],
    [8, 4, 3],
    [13, 4, 2],
    [17, 5, 3],
  ] as const) {
    const layout = layoutFor(count, 1920, 1080, { kind: 'large' });
    assert.deepEqual([layout.columns, layout.span, layout.scrolls], [columns, span, false], `${count} tiles`);
  }
  assert.equal(layoutFor(1, 1920, 1080, { kind: 'large' }).span, 1);
  const size = fc.integer({ min: 200, max: 4000 });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 200 }), size, size, (count, width, height) => {
      const { columns, rows, span, gap, scrolls, ...tile } = layoutFor(count, width, height, {
        kind: 'large',
      });
      assert.ok(columns * rows - span * span >= count - 1, 'places');
      assert.ok(span >= columns / 2);
      assert.ok(columns * tile.width + (columns - 1) * gap <= width);
      assert.ok(scrolls || rows * tile.height + (rows - 1) * gap <= height);
    }),
  );
});

test(
  'pages show every camera as often as the others, pinned ones on each, and none twice on a page',
  FAST,
  () => {
    const cases = fc.record({
      count: fc.integer({ min: 1, max: 120 }),
      size: fc.integer({ min: 1, max: 40 }),
      pinned: fc.integer({ min: 0, max: 10 }),
    });
    fc.assert(
      fc.property(cases, ({ count, size, pinned }) => {
        fc.pre(pinned < size && pinned <= count);
        const cameras = names(count);
        const { pages } = sequenceOf({ cameras, pinned, pages: { size, dwellMs: 5000 } });
        assert.deepEqual([...new Set(pages.flat())].sort(), [...cameras].sort());
        for (const page of pages) {
          assert.equal(page.length, Math.min(size, count), 'no page has fewer tiles than another');
          assert.equal(new Set(page).size, page.length);
          assert.deepEqual(page.slice(0, pinned), cameras.slice(0, pinned));
        }
      }),
    );
    const all = sequenceOf({ cameras: names(100), pinned: 2, pages: { size: 16, dwellMs: 5000 } });
    assert.equal(all.pages.length, 7);
    assert.deepEqual(sequenceOf({ cameras: names(3), pinned: 0, pages: null }).pages, [names(3)]);
    assert.deepEqual(sequenceOf({ cameras: [], pinned: 0, pages: null }).pages, [[]]);
  },
);

test('pages turn by the clock alone, and the next one is prepared before its turn', FAST, () => {
  const sequence = sequenceOf({ cameras: names(6), pinned: 0, pages: { size: 2, dwellMs: 15_000 } });
  const start = 15_000 * 3 * 1000;
  const pages = [0, 14_999, 15_000, 30_000, 45_000].map((at) => turnAt(sequence, start + at).page);
  assert.deepEqual(pages, [0, 0, 1, 2, 0]);
  assert.deepEqual(turnAt(sequence, start + 5000), { page: 0, next: 1, turnsIn: 10_000, preparesIn: 2000 });
  assert.ok(turnAt(sequence, start + 7000).preparesIn <= 0);
  const quick = sequenceOf({ cameras: names(6), pinned: 0, pages: { size: 2, dwellMs: 3000 } });
  assert.equal(
    turnAt(quick, 3000 * 999).preparesIn,
    1000,
    'a page that stays briefly has its screen for a second',
  );
  const still = sequenceOf({ cameras: names(2), pinned: 0, pages: null });
  assert.deepEqual(turnAt(still, start), { page: 0, next: 0, turnsIn: Infinity, preparesIn: Infinity });
});

test('the address of a page says view and kiosk, and what makes no sense is the wall', FAST, () => {
  assert.deepEqual(parsePageAddress('/', ''), { view: null, kiosk: false, codecs: 'auto' });
  assert.deepEqual(parsePageAddress('/view/hall-1', '?kiosk=1&x=2'), {
    view: 'hall-1',
    kiosk: true,
    codecs: 'auto',
  });
  assert.deepEqual(parsePageAddress('/view/hall-1/', '?kiosk=0'), {
    view: 'hall-1',
    kiosk: false,
    codecs: 'auto',
  });
  assert.deepEqual(parsePageAddress('/', '?kiosk'), { view: null, kiosk: true, codecs: 'auto' });
  assert.equal(parsePageAddress('/', '?codec=jpeg').codecs, 'jpeg');
  assert.equal(parsePageAddress('/', '?codec=other').codecs, 'auto');
  for (const path of ['/view/', '/view/../x', '/view/a/b', '/view/%3Cscript%3E', '/other'])
    assert.equal(parsePageAddress(path, '').view, null, path);
});

test('a list of views is read leniently', FAST, () => {
  const list = {
    views: [
      { view: 'a', title: 'A', layout: 'auto', cameras: ['x'], pinned: 0, more: 1 },
      {
        view: 'b',
        title: 'B',
        layout: 'columns',
        columns: 3,
        cameras: [],
        pinned: 1,
        pageSize: 4,
        dwellMs: 5000,
        fps: 5,
      },
      { view: 'c', title: 'C', layout: 'spiral', cameras: ['x'], pinned: -1, pageSize: 4 },
      { view: 'd', cameras: ['x'] },
      { view: 'e', title: 'E', cameras: [7] },
      7,
    ],
  };
  const rest = { pages: null, fps: undefined, quality: undefined };
  assert.deepEqual(parseViewList(list), [
    { view: 'a', title: 'A', arrangement: { kind: 'auto' }, cameras: ['x'], pinned: 0, ...rest },
    {
      ...rest,
      view: 'b',
      title: 'B',
      arrangement: { kind: 'columns', columns: 3 },
      cameras: [],
      pinned: 1,
      pages: { size: 4, dwellMs: 5000 },
      fps: 5,
    },
    { view: 'c', title: 'C', arrangement: { kind: 'auto' }, cameras: ['x'], pinned: 0, ...rest },
  ]);
  for (const odd of [null, [], {}, { views: {} }]) assert.equal(parseViewList(odd), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecoderExchange, type Exchangeable } from '../../workers/decoder-exchange.js';

const timeout = 30_000;

class Fake implements Exchangeable {
  isRetired = false;
  isSealed = false;
  constructor(readonly key: string) {}
  retire(): void {
    this.isRetired = true;
  }
}

function exchange() {
  const it = new DecoderExchange<Fake>();
  const started: Fake[] = [];
  const want = (key: string): void => {
    it.want(key, () => {
      const decoder = new Fake(key);
      started.push(decoder);
      return decoder;
    });
  };
  const at = (index: number): Fake => started[index] ?? assert.fail(`decoder ${index} was not started`);
  const prepare = (key: string): void => {
    it.prepare(key, () => {
      const decoder = new Fake(key);
      started.push(decoder);
      return decoder;
    });
  };
  const renew = (key: string): void => {
    it.renew(() => {
      const decoder = new Fake(key);
      started.push(decoder);
      return decoder;
    });
  };
  return { it, want, prepare, renew, started, at };
}

test('the first decoder is shown at once, and wanted again is not started again', { timeout }, () => {
  const { it, want, started, at } = exchange();
  assert.equal(it.kind, 'waiting');
  want('small');
  want('small');
  assert.equal(started.length, 1);
  assert.equal(it.kind, 'running');
  assert.equal(it.picture(at(0), 1000, false), true);
});

test(
  'another decoder is started beside the present one and shown from its first newer picture on',
  { timeout },
  () => {
    const { it, want, at } = exchange();
    want('small');
    it.picture(at(0), 1000, false);
    want('large');
    assert.equal(it.kind, 'replacing');
    assert.deepEqual(it.decoders, [at(0), at(1)], 'both are given units');
    assert.equal(it.picture(at(1), 960, false), false, 'older than what was shown');
    assert.equal(it.picture(at(1), 1000, false), false, 'shown before');
    assert.equal(it.picture(at(0), 1040, false), true, 'the present one goes on until then');
    assert.equal(it.picture(at(1), 1040, false), false);
    assert.equal(at(0).isRetired, false);
    assert.equal(it.picture(at(1), 1080, false), true);
    assert.equal(at(0).isRetired, true);
    assert.deepEqual(it.decoders, [at(1)]);
    assert.equal(it.picture(at(0), 1120, false), false, 'nothing of the old one comes after that');
  },
);

test('a decoder that was prepared is the first one if its key is wanted', { timeout }, () => {
  const { it, want, prepare, started, at } = exchange();
  prepare('small');
  prepare('small');
  assert.deepEqual(it.decoders, [], 'it is given nothing yet');
  assert.equal(it.picture(at(0), 1000, false), false);
  want('small');
  assert.equal(started.length, 1);
  assert.equal(it.picture(at(0), 1000, false), true);
  prepare('large');
  assert.equal(started.length, 1, 'one that runs needs no preparation');
});

test('a decoder that was prepared for something else gives way at once', { timeout }, () => {
  const { it, want, prepare, at } = exchange();
  prepare('h265');
  prepare('h264 small');
  assert.equal(at(0).isRetired, true);
  want('h264 large');
  assert.equal(at(1).isRetired, true);
  assert.deepEqual(it.decoders, [at(2)]);
});

test('the end of a decoder that was only prepared is no loss', { timeout }, () => {
  const { it, want, prepare, started, at } = exchange();
  prepare('small');
  assert.equal(it.lost(at(0)), false);
  assert.equal(it.kind, 'waiting');
  prepare('small');
  it.giveUpPrepared();
  assert.equal(at(1).isRetired, true);
  want('small');
  assert.deepEqual(it.decoders, [at(2)]);
  it.giveUpPrepared();
  assert.equal(at(2).isRetired, false);
  const other = exchange();
  other.prepare('small');
  other.it.end();
  assert.equal(other.at(0).isRetired, true);
  assert.equal(started.length, 3);
});

test('a decoder that takes no more units is not gone back to', { timeout }, () => {
  const { it, want, renew, started, at } = exchange();
  want('small');
  at(0).isSealed = true;
  assert.equal(it.isSealed, true);
  renew('small');
  assert.equal(it.isSealed, false, 'the new one takes them');
  want('large');
  want('small');
  assert.equal(started.length, 4);
  assert.deepEqual(it.decoders, [at(0), at(3)]);
  it.lost(at(3));
  assert.equal(it.isSealed, true, 'another one is to begin');
});

test('it is known beforehand whether a decoder would be started', { timeout }, () => {
  const { it, want, prepare, started } = exchange();
  const check = (key: string): void => {
    const [expected, before] = [it.startsFor(key), started.length];
    want(key);
    assert.equal(started.length > before, expected, `${key} while ${it.kind}`);
  };
  prepare('a');
  for (const key of ['a', 'a', 'b', 'b', 'c', 'a', 'c']) check(key);
  it.end();
  check('a');
});

test('after a gap a new decoder of the same kind takes over', { timeout }, () => {
  const { it, want, renew, at } = exchange();
  renew('small');
  assert.equal(it.kind, 'waiting', 'nothing has begun yet');
  want('small');
  it.picture(at(0), 1000, false);
  renew('small');
  assert.equal(it.picture(at(0), 1040, false), true, 'what it was given before the gap is shown');
  renew('small');
  assert.equal(at(1).isRetired, true, 'another gap before it gave anything');
  assert.equal(it.picture(at(2), 1200, false), true);
  assert.equal(at(0).isRetired, true);
  assert.deepEqual(it.decoders, [at(2)]);
});

test('a newcomer that is always a little later takes over once it has caught up', { timeout }, () => {
  const { it, want, at } = exchange();
  want('small');
  want('large');
  it.picture(at(0), 1000, true);
  assert.equal(it.picture(at(1), 200, false), false, 'still behind');
  assert.equal(at(0).isRetired, false);
  assert.equal(it.picture(at(1), 1000, true), false, 'shown before');
  assert.equal(at(0).isRetired, true);
  assert.equal(it.picture(at(1), 1040, true), true);
});

test('a newcomer that nobody wants any more is given up', { timeout }, () => {
  const { it, want, at } = exchange();
  want('small');
  want('large');
  want('small');
  assert.equal(it.kind, 'running');
  assert.equal(at(1).isRetired, true);
  assert.equal(at(0).isRetired, false);
});

test('a newcomer is replaced by another one', { timeout }, () => {
  const { it, want, at } = exchange();
  want('small');
  want('large');
  want('huge');
  assert.deepEqual([at(0).isRetired, at(1).isRetired, at(2).isRetired], [false, true, false]);
  assert.deepEqual(it.decoders, [at(0), at(2)]);
});

test('when the present decoder ends by itself the newcomer goes on', { timeout }, () => {
  const { it, want, at } = exchange();
  want('small');
  want('large');
  assert.equal(it.lost(at(0)), false);
  assert.deepEqual(it.decoders, [at(1)]);
  assert.equal(it.picture(at(1), 5, false), true);
});

test('when the newcomer ends by itself the present one goes on, and the loss is told', { timeout }, () => {
  const { it, want, at, started } = exchange();
  want('small');
  want('large');
  assert.equal(it.lost(at(1)), true);
  assert.equal(it.kind, 'running');
  want('large');
  assert.equal(started.length, 3, 'it can be tried again');
});

test('the loss of the only decoder is told, that of a retired one is not', { timeout }, () => {
  const { it, want, at } = exchange();
  want('small');
  want('large');
  it.picture(at(1), 10, false);
  assert.equal(it.lost(at(0)), false);
  assert.equal(it.lost(at(1)), true);
  assert.equal(it.kind, 'waiting');
});

test('pictures that are decoded for the sake of a newer one are not shown', { timeout }, () => {
  const { it, want, at } = exchange();
  want('small');
  it.picture(at(0), 1000, false);
  it.hideBefore(3000);
  assert.equal(it.picture(at(0), 1040, false), false);
  assert.equal(it.picture(at(0), 3000, false), true);
});

test('after the end nothing is shown or started', { timeout }, () => {
  const { it, want, at, started } = exchange();
  want('small');
  want('large');
  it.end();
  assert.deepEqual([at(0).isRetired, at(1).isRetired], [true, true]);
  want('huge');
  assert.equal(started.length, 2);
  assert.equal(it.picture(at(0), 1, false), false);
  assert.equal(it.lost(at(0)), false);
});

test(
  'whatever happens, pictures are shown in order, each once, and one decoder is wanted',
  { timeout },
  () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const event = fc.oneof(
      fc.record({ kind: fc.constant('want' as const), key }),
      fc.record({ kind: fc.constant('picture' as const), decoder: fc.nat(20), ticks: fc.nat(100) }),
      fc.record({ kind: fc.constant('lost' as const), decoder: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { it, want, started } = exchange();
        let shown = -1;
        let wanted: string | null = null;
        for (const each of events) {
          if (each.kind === 'want') {
            wanted = each.key;
            want(each.key);
          } else {
            const decoder = started[each.decoder];
            if (!decoder) continue;
            if (each.kind === 'lost') {
              it.lost(decoder);
              continue;
            }
            if (!it.picture(decoder, each.ticks, false)) continue;
            assert.ok(each.ticks > shown && !decoder.isRetired);
            shown = each.ticks;
          }
          const running = started.filter((d) => it.decoders.includes(d));
          assert.ok(running.every((d) => !d.isRetired));
          assert.ok(running.length <= 2);
          if (each.kind === 'want') assert.ok(running.some((d) => d.key === wanted));
        }
      }),
    );
  },
);

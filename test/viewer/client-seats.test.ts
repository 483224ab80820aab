import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientSeats, MAX_RENDITIONS_PER_CLIENT } from '../../src/viewer/client-seats.js';
import { QUALITY_STEPS } from '../../src/shared/rendition.js';
import { spec, testRegistry } from '../support/test-registry.js';

const timeout = 30_000;
const SILENT = { state: () => undefined, lost: () => undefined };
const tooMany = { name: 'RefusedError', code: 'too_many_renditions' };

/** Ways in for clients at a registry with two cameras. */
function clients() {
  const { registry, ask } = testRegistry();
  registry.configure([spec('gate'), spec('hall')], null);
  const seats = new ClientSeats(registry);
  const join = (address: string, camera: string, quality: number | null, width: number | null = null) =>
    seats.of(address).join(ask(camera, { quality, width, height: width === null ? null : 180 }), SILENT);
  const viewers = (): number => registry.list(0).reduce((sum, { viewers: count }) => sum + count, 0);
  return { join, viewers };
}

/** As many renditions of one camera as a client may have. */
const OTHERS = QUALITY_STEPS.filter((quality) => quality !== 50);

test(
  'a client may have few renditions of a camera, any number of seats of each, and always the default',
  { timeout },
  () => {
    const { join, viewers } = clients();
    assert.equal(OTHERS.length, MAX_RENDITIONS_PER_CLIENT);
    for (const quality of [...OTHERS, ...OTHERS]) join('192.0.2.1', 'gate', quality);
    const before = viewers();
    assert.throws(() => join('192.0.2.1', 'gate', 80, 320), tooMany);
    assert.equal(viewers(), before, 'who is refused has no seat');
    join('192.0.2.1', 'gate', null);
    join('192.0.2.1', 'hall', 80, 320);
    join('192.0.2.2', 'gate', 80, 320);
  },
);

test('an IPv6 client has its renditions with all of its addresses', { timeout }, () => {
  const { join } = clients();
  OTHERS.forEach((quality, i) => join(`2001:db8:0:7::${i + 1}`, 'gate', quality));
  assert.throws(() => join('2001:db8:0:7:ffff::1', 'gate', 80, 320), tooMany);
  join('2001:db8:0:8::1', 'gate', 80, 320);
});

test('a rendition is free again when its last seat is left, and a seat is left once', { timeout }, () => {
  const { join } = clients();
  const [first, ...others] = OTHERS.map((quality) => join('192.0.2.1', 'gate', quality));
  const second = join('192.0.2.1', 'gate', OTHERS[0] ?? 0);
  first?.leave();
  first?.leave();
  assert.throws(() => join('192.0.2.1', 'gate', 80, 320), tooMany);
  second.leave();
  join('192.0.2.1', 'gate', 80, 320);
  for (const seat of others) seat.leave();
});

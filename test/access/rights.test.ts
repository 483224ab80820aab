import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CameraGroup,
  type Catalogue,
  groupRights,
  type Rights,
  tokenRights,
} from '../../src/access/rights.js';

const timeout = 30_000;

const CAMERAS = ['gate', 'yard-1', 'yard-2', 'vault'];
const VIEWS = ['entrance', 'all'];
const SHOWN: Readonly<Record<string, readonly string[]>> = { gate: ['entrance', 'all'], vault: ['all'] };

const GROUPS: readonly CameraGroup[] = [
  { name: '/guards', cameras: ['yard-*'], views: ['entrance'] },
  { name: 'CN=Hall,DC=x', cameras: ['gate'], views: null },
  { name: 'boss', cameras: ['*'], views: null },
];

function catalogueOf(groups: readonly CameraGroup[]): Catalogue & { known: readonly CameraGroup[] } {
  const catalogue = {
    known: groups,
    viewsOf: (camera: string) => SHOWN[camera] ?? [],
    groups: () => catalogue.known,
  };
  return catalogue;
}

/** Cameras, then views. */
const seen = (rights: Rights): [string, string] => [
  CAMERAS.filter((camera) => rights.allows(camera)).join(' '),
  VIEWS.filter((view) => rights.allowsView(view)).join(' '),
];
const EVERYTHING = ['gate yard-1 yard-2 vault', 'entrance all'];
const NOTHING = ['', ''];

test('whom a proxy lets in sees what the groups of that person name together', { timeout }, () => {
  const catalogue = catalogueOf(GROUPS);
  const by = (...groups: string[]) => seen(groupRights(groups, catalogue));
  assert.deepEqual(by('/guards'), ['gate yard-1 yard-2', 'entrance']);
  assert.deepEqual(by('CN=Hall,DC=x'), ['gate', 'entrance all']);
  assert.deepEqual(by('/guards', 'CN=Hall,DC=x'), ['gate yard-1 yard-2', 'entrance all']);
  assert.deepEqual(by('boss', 'unknown'), EVERYTHING);
  for (const groups of [[], ['unknown'], ['guards'], ['/GUARDS'], ['*']])
    assert.deepEqual(by(...groups), NOTHING);
});

test(
  'without groups in the configuration everybody whom a proxy lets in sees everything',
  { timeout },
  () => {
    assert.deepEqual(seen(groupRights([], catalogueOf([]))), EVERYTHING);
  },
);

test(
  'a token of a foreign signer needs a group, as soon as the configuration has groups',
  { timeout },
  () => {
    const catalogue = catalogueOf([]);
    const everybody = tokenRights({ groups: ['unknown'] }, 'groups', catalogue, true);
    const guard = tokenRights({ groups: ['/guards'] }, 'groups', catalogue, true);
    for (const rights of [everybody, guard]) assert.deepEqual(seen(rights), EVERYTHING);
    catalogue.known = GROUPS;
    assert.deepEqual(seen(everybody), NOTHING);
    assert.deepEqual(seen(guard), ['gate yard-1 yard-2', 'entrance']);
    assert.deepEqual(seen(tokenRights({}, 'groups', catalogue, true)), NOTHING);
    assert.deepEqual(seen(tokenRights({ cameras: ['vault'] }, 'groups', catalogue, true)), [
      'vault',
      'entrance all',
    ]);
  },
);

test('a token with the own secret is limited by groups only when it names some', { timeout }, () => {
  const catalogue = catalogueOf(GROUPS);
  const by = (claims: object) => seen(tokenRights({ ...claims }, 'groups', catalogue, false));
  assert.deepEqual(by({}), EVERYTHING);
  assert.deepEqual(by({ groups: [] }), NOTHING);
  assert.deepEqual(by({ groups: '/guards' }), ['gate yard-1 yard-2', 'entrance']);
  assert.deepEqual(by({ groups: ['/guards'], cameras: ['vault'] }), [
    'gate yard-1 yard-2 vault',
    'entrance all',
  ]);
  assert.deepEqual(by({ groups: ['/guards'], views: ['all'] }), EVERYTHING);
});

test('the claim with the groups may lie inside another, or have dots in its name', { timeout }, () => {
  const catalogue = catalogueOf(GROUPS);
  const by = (claims: object, name: string) => seen(tokenRights({ ...claims }, name, catalogue, true));
  const guards = ['gate yard-1 yard-2', 'entrance'];
  assert.deepEqual(by({ realm_access: { roles: ['/guards'] } }, 'realm_access.roles'), guards);
  assert.deepEqual(by({ 'https://x.example/groups': ['/guards'] }, 'https://x.example/groups'), guards);
  for (const [claims, name] of [
    [{ realm_access: 'x' }, 'realm_access.roles'],
    [{ realm_access: null }, 'realm_access.roles'],
    [{}, '__proto__.constructor'],
    [{}, 'toString'],
  ] as const)
    assert.deepEqual(by(claims, name), NOTHING);
  for (const wrong of [7, null, { a: 1 }, ['/guards', 7]])
    assert.throws(() => by({ groups: wrong }, 'groups'), {
      code: 'unauthenticated',
      message: /claim "groups"/,
    });
  assert.deepEqual(
    seen(tokenRights({ groups: 7 }, 'groups', catalogueOf([]), false)),
    EVERYTHING,
    'nobody looks',
  );
});

test('only who is in no way limited, or in a group of all cameras, covers all', { timeout }, () => {
  const catalogue = catalogueOf(GROUPS);
  const covers = (claims: object, foreign = true) =>
    tokenRights({ ...claims }, 'groups', catalogue, foreign).coversAll?.();
  assert.equal(covers({ groups: ['boss'] }), true);
  assert.equal(covers({}, false), true);
  for (const claims of [{}, { groups: ['/guards', 'CN=Hall,DC=x'] }, { cameras: ['*'] }])
    assert.equal(covers(claims), false);
});

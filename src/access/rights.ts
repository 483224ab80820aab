import type { JWTPayload } from 'jose';
import { fitsPattern } from '../shared/name-pattern.js';
import { unauthenticated } from './unauthenticated.js';

/** What a token's claims, or a person's groups, let in to. Asked anew for each camera: views and groups change with CONFIG_FILE. */
export interface Rights {
  allows(camera: string): boolean;
  /** Whether the view may be opened; which of its cameras are shown is `allows`'s matter. */
  allowsView(view: string): boolean;
  /** Whether all cameras are covered, whatever they are called. */
  coversAll?(): boolean;
}

/** People with the same rights: `groups:` in CONFIG_FILE. */
export interface CameraGroup {
  /** As the claim or header has it. */
  readonly name: string;
  /** Names, or patterns in which each `*` stands for any characters; null names none. */
  readonly cameras: readonly string[] | null;
  /** Views that may be opened, with all that they show; null: every view, with the cameras that are covered. */
  readonly views: readonly string[] | null;
}

/** What CONFIG_FILE says at the moment. */
export interface Catalogue {
  /** Names of the views that show a camera. */
  viewsOf(camera: string): readonly string[];
  groups(): readonly CameraGroup[];
}

export const EMPTY_CATALOGUE: Catalogue = { viewsOf: () => [], groups: () => [] };

export const ALL_RIGHTS: Rights = {
  allows: () => true,
  allowsView: () => true,
  coversAll: () => true,
};

type Names = (given: string) => boolean;

/** One list of names that lets in; without `views` every view may be opened. */
interface Cover {
  readonly cameras: Names | null;
  readonly views: Names | null;
  readonly all: boolean;
}

/**
 * The claims `cameras` and `views`, and the groups of whoever has the token. What none of them limits covers everything, unless the
 * token was made for people of whom the configuration knows groups.
 * @param foreign signed by somebody who signs tokens of all people, for other services as well
 */
export function tokenRights(
  payload: JWTPayload,
  groupsClaim: string,
  catalogue: Catalogue,
  foreign: boolean,
): Rights {
  const cameras = nameRule(payload, 'cameras');
  const views = nameRule(payload, 'views');
  const own = cameras || views ? [{ cameras, views, all: false }] : [];
  const groups = groupsIn(payload, groupsClaim, foreign || catalogue.groups().length > 0);
  return rightsOf(() => {
    const known = catalogue.groups();
    const limited = own.length > 0 || (known.length > 0 && (foreign || groups !== null));
    return limited ? [...own, ...coversOf(groups ?? [], known)] : null;
  }, catalogue);
}

/** Of somebody whom a proxy let in. Without `groups:` in CONFIG_FILE everybody whom it lets in sees everything. */
export function groupRights(groups: readonly string[], catalogue: Catalogue): Rights {
  return rightsOf(() => {
    const known = catalogue.groups();
    return known.length > 0 ? coversOf(groups, known) : null;
  }, catalogue);
}

/** @param covers null: nothing is limited */
const rightsOf = (covers: () => readonly Cover[] | null, catalogue: Catalogue): Rights => ({
  allows: (camera) =>
    covers()?.some(
      ({ cameras, views }) =>
        (cameras?.(camera) ?? false) || (views !== null && catalogue.viewsOf(camera).some(views)),
    ) ?? true,
  allowsView: (view) => covers()?.some(({ views }) => views?.(view) ?? true) ?? true,
  coversAll: () => covers()?.some(({ all }) => all) ?? true,
});

const coversOf = (groups: readonly string[], known: readonly CameraGroup[]): Cover[] =>
  known.filter(({ name }) => groups.includes(name)).map(coverOf);

const coverOf = ({ cameras, views }: CameraGroup): Cover => ({
  cameras: cameras && ((given) => cameras.some((pattern) => fitsPattern(pattern, given))),
  views: views && ((given) => views.some((pattern) => fitsPattern(pattern, given))),
  all: cameras?.includes('*') ?? false,
});

/** A claim that is a list: exact names, or patterns with one `*` at the end. Null when the token has none. */
function nameRule(payload: JWTPayload, name: string): Names | null {
  const claim = payload[name];
  if (claim === undefined) return null;
  const names = listOf(claim);
  if (!names) throw unauthenticated(`token's claim "${name}" must be a list of names`);
  return (given) =>
    names.some((entry) => (entry.endsWith('*') ? given.startsWith(entry.slice(0, -1)) : entry === given));
}

/** @param needed false: nobody looks at them, and a claim of this name may be anything */
function groupsIn(payload: JWTPayload, name: string, needed: boolean): readonly string[] | null {
  const claim = needed ? claimAt(payload, name) : undefined;
  if (claim === undefined) return null;
  // Some signers write a list of one without its brackets.
  const groups = typeof claim === 'string' ? [claim] : listOf(claim);
  if (!groups) throw unauthenticated(`token's claim "${name}" must be a list of groups`);
  return groups;
}

/** A claim of that name, or else `a.b`: the member `b` of the claim `a`. Names that are addresses have dots of their own. */
function claimAt(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const key of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

const listOf = (claim: unknown): readonly string[] | null =>
  Array.isArray(claim) && claim.every((entry) => typeof entry === 'string') ? claim : null;

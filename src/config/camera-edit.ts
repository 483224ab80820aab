import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { EditError, RefusedError } from '../shared/errors.js';
import { readYaml } from './yaml-source.js';

/** Changes to the list of cameras in CONFIG_FILE, as text to text: comments, order and all other entries stay. Pure. */

/** A camera as the file has it. */
export interface CameraFields {
  readonly name: string;
  readonly title?: string | undefined;
  readonly url: string;
  readonly main_url?: string | undefined;
}

export type CameraEdit =
  /** At the end of the list. */
  | { readonly kind: 'add'; readonly camera: CameraFields }
  /** `before` names the camera that it is to stand before; null is the end, undefined leaves it where it is. */
  | {
      readonly kind: 'change';
      readonly name: string;
      readonly fields: { readonly [K in keyof CameraFields]?: CameraFields[K] | undefined };
      readonly before?: string | null | undefined;
    }
  | { readonly kind: 'remove'; readonly name: string };

type Plain = Readonly<Record<string, unknown>>;

/** Lists of camera names in the blocks beside `cameras:`; patterns in them are left alone. */
const NAME_LISTS = ['cameras', 'pinned'];

/**
 * @param text a file that the service can read
 * @throws RefusedError `no_such_camera`, `name_in_use`; EditError `edit_by_hand` where a change could touch more than it should
 */
export function editCameras(text: string, edit: CameraEdit): string {
  const document = parseDocument(text, { uniqueKeys: false });
  const untouched = written(document, text);
  const cameras = document.get('cameras', true);
  if (!isSeq(cameras) || !cameras.items.every((item) => isMap(item)))
    throw byHand('cameras: is not written as a plain list');
  const names = cameras.items.map((item) => String(item.get('name')));
  const at = placeOf(edit, names);
  if (edit.kind === 'add') addEntry(document, cameras, edit.camera);
  else if (edit.kind === 'remove') removeEntry(document, cameras, at, edit.name);
  else changeEntry(document, cameras, at, edit, names);
  const edited = asBefore(text, untouched, written(document, text));
  // The text is generated: whatever it would mean besides the change must not come into the file.
  if (!isDeepStrictEqual(readYaml(edited).value, expected(readYaml(text).value as Plain, edit)))
    throw byHand('this change would alter other entries as well');
  return edited;
}

const byHand = (why: string): EditError => new EditError('edit_by_hand', `${why}: edit the file itself`);

function placeOf(edit: CameraEdit, names: readonly string[]): number {
  const name = edit.kind === 'add' ? edit.camera.name : edit.kind === 'change' ? edit.fields.name : undefined;
  const own = edit.kind === 'add' ? null : edit.name;
  if (name !== undefined && name !== own && names.includes(name))
    throw new RefusedError('name_in_use', `a camera is named ${name} already: choose another name`);
  if (edit.kind === 'add') return names.length;
  const unknown = [edit.name, edit.kind === 'change' ? edit.before : null].find(
    (given) => given !== null && given !== undefined && !names.includes(given),
  );
  if (unknown !== undefined && unknown !== null)
    throw new RefusedError('no_such_camera', `no camera in CONFIG_FILE is named ${unknown}`);
  return names.indexOf(edit.name);
}

function addEntry(document: Document, cameras: YAMLSeq, camera: CameraFields): void {
  const entry = document.createNode(definedOf(camera));
  const last = cameras.items.at(-1);
  // As the entries before it stand.
  if (isMap(last) && last.spaceBefore === true && cameras.items.length > 1) entry.spaceBefore = true;
  if (cameras.items.length === 0) cameras.flow = false;
  cameras.items.push(entry);
}

function removeEntry(document: Document, cameras: YAMLSeq, at: number, name: string): void {
  cameras.items.splice(at, 1);
  for (const { block, key, list } of nameLists(document)) {
    const kept = list.items.filter((item) => !(isScalar(item) && item.value === name));
    if (kept.length === list.items.length) continue;
    if (kept.length === 0 && key === 'cameras')
      throw new EditError(
        'edit_by_hand',
        `${String(block.get('name'))} shows this camera alone: change or remove that in the file first`,
      );
    if (kept.length === 0) block.delete(key);
    else list.items = kept;
  }
}

function changeEntry(
  document: Document,
  cameras: YAMLSeq,
  at: number,
  { name, fields, before }: Extract<CameraEdit, { kind: 'change' }>,
  names: readonly string[],
): void {
  const entry = cameras.items[at] as YAMLMap;
  for (const [key, value] of Object.entries(definedOf(fields))) entry.set(key, value);
  if (fields.name !== undefined)
    for (const { list } of nameLists(document))
      for (const item of list.items) if (isScalar(item) && item.value === name) item.value = fields.name;
  if (before === undefined || before === name) return;
  const spaced = cameras.items.some((item) => isMap(item) && item.spaceBefore === true);
  cameras.items.splice(at, 1);
  const left = names.filter((other) => other !== name);
  cameras.items.splice(before === null ? left.length : left.indexOf(before), 0, entry);
  // Blank lines stand between entries.
  cameras.items.forEach((item, index) => {
    if (isMap(item) && (index === 0 || item === entry)) item.spaceBefore = index > 0 && spaced;
  });
}

interface NameList {
  readonly block: YAMLMap;
  readonly key: string;
  readonly list: YAMLSeq;
}

/** Of views and groups. */
function nameLists(document: Document): NameList[] {
  if (!isMap(document.contents)) return [];
  const blocks = document.contents.items
    .filter(({ key }) => !(isScalar(key) && key.value === 'cameras'))
    .flatMap(({ value }) => (isSeq(value) ? value.items : []))
    .filter((item) => isMap(item));
  return blocks.flatMap((block) =>
    NAME_LISTS.flatMap((key) => {
      const list = block.get(key, true);
      return isSeq(list) ? [{ block, key, list }] : [];
    }),
  );
}

/** In the manner of the text it was read from, as far as yaml can tell it. */
function written(document: Document, text: string): string {
  const item = /^cameras:[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*( *)- /m.exec(text);
  let result: string;
  try {
    result = document.toString({
      lineWidth: 0,
      indentSeq: item === null || item[1] !== '',
      flowCollectionPadding: !/[[{][^\s\]}]/.test(text),
    });
  } catch {
    throw byHand('another entry refers to this one (*alias)');
  }
  return result;
}

/**
 * What yaml writes differs from what it read in white space. Lines before the first change and behind the last stay as they were.
 * @param untouched what yaml makes of `text`
 */
function asBefore(text: string, untouched: string, edited: string): string {
  const lines = text.split(/\r?\n/);
  const [base, next] = [untouched.split('\n'), edited.split('\n')];
  const end = /\r\n/.test(text) ? '\r\n' : '\n';
  if (base.length !== lines.length) return next.join(end);
  const shorter = Math.min(base.length, next.length);
  let head = 0;
  while (head < shorter && base[head] === next[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && base.at(-1 - tail) === next.at(-1 - tail)) tail += 1;
  return [
    ...lines.slice(0, head),
    ...next.slice(head, next.length - tail),
    ...lines.slice(lines.length - tail),
  ].join(end);
}

const definedOf = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** What the file is to mean after the edit. */
function expected(file: Plain, edit: CameraEdit): unknown {
  const cameras = [...(file['cameras'] as Plain[])];
  if (edit.kind === 'add') return { ...file, cameras: [...cameras, definedOf(edit.camera)] };
  const at = cameras.findIndex(({ name }) => name === edit.name);
  const entry = cameras[at] ?? {};
  cameras.splice(at, 1);
  if (edit.kind === 'change') {
    const { before } = edit;
    const stays = before === undefined || before === edit.name;
    const place = cameras.findIndex(({ name }) => name === before);
    cameras.splice(stays ? at : before === null ? cameras.length : place, 0, {
      ...entry,
      ...definedOf(edit.fields),
    });
  }
  const renamed = edit.kind === 'change' ? (edit.fields.name ?? edit.name) : null;
  const others = Object.entries(file).map(([key, value]) => [
    key,
    key === 'cameras'
      ? cameras
      : Array.isArray(value)
        ? value.map((block) => named(block, edit.name, renamed))
        : value,
  ]);
  return Object.fromEntries(others);
}

/** A view or group that says `to` where it said `from`, or no longer says it. */
function named(block: unknown, from: string, to: string | null): unknown {
  if (typeof block !== 'object' || block === null) return block;
  const entries = Object.entries(block).flatMap(([key, value]): [string, unknown][] => {
    if (!NAME_LISTS.includes(key) || !Array.isArray(value) || !value.includes(from)) return [[key, value]];
    const list = value.flatMap((name: unknown) => (name !== from ? [name] : to === null ? [] : [to]));
    return list.length === 0 ? [] : [[key, list]];
  });
  return Object.fromEntries(entries);
}

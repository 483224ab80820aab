import { readFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';

/**
 * The ESLint rule that keeps the borders of .eslint/rooms.json: a file imports from its own room, from packages, and from
 * the rooms (or single files) that its room's `mayImport` names; `*` names all. Types count too: they tie rooms together as well.
 */

/** @type {Record<string, { holds: string, mayImport: string[] }>} */
export const ROOMS = JSON.parse(readFileSync(new URL('rooms.json', import.meta.url), 'utf8'));

const ROOT = resolve(import.meta.dirname, '..');
/** Longest first: `src` is the room of what lies in no other. */
const NAMES = Object.keys(ROOMS).sort((a, b) => b.length - a.length);

/** @param {string} path from the repository's root, without extension */
function roomOf(path) {
  const name = NAMES.find((room) => path.startsWith(`${room}/`));
  // A folder of src/ that the table does not name is no part of the composition root.
  return name === 'src' && path.split('/').length > 2 ? undefined : name;
}

/** @param {string} path absolute */
const fromRoot = (path) =>
  relative(ROOT, path)
    .split(sep)
    .join('/')
    .replace(/(\.d)?\.[jt]s$/, '');

/** @returns {string | null} what is wrong with the import, or null */
function fault(from, target) {
  const own = roomOf(from);
  if (own === undefined) return `${dirname(from)}/ is no room of .eslint/rooms.json: add it there.`;
  const other = roomOf(target);
  if (other === own) return null;
  const { mayImport } = ROOMS[own];
  if (mayImport.includes(target)) return null;
  if (other !== undefined && (mayImport.includes('*') || mayImport.includes(other))) return null;
  return `${own}/ may not import ${target}; it may import ${mayImport.join(', ') || 'nothing'} (.eslint/rooms.json).`;
}

export const roomBorders = {
  meta: { type: 'problem', schema: [], messages: { border: '{{fault}}' } },
  create(context) {
    const from = fromRoot(context.filename);
    const check = (source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string' || !source.value.startsWith('.'))
        return;
      const found = fault(from, fromRoot(resolve(dirname(context.filename), source.value)));
      if (found !== null) context.report({ node: source, messageId: 'border', data: { fault: found } });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ source, argument }) => check(source ?? argument?.literal),
    };
  },
};

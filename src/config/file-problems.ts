import type { z } from 'zod';
import type { Placed, YamlSource } from './yaml-source.js';

/** Mistakes of CONFIG_FILE, each at its place in the file. */

/** Mistakes that are told; a file that is no configuration at all has thousands. */
const MAX_PROBLEMS = 100;

/** In the order of the file. */
export function problemLines(problems: readonly Placed[], file: string, source: YamlSource): string[] {
  const shown = [...problems].sort((a, b) => a.offset - b.offset).slice(0, MAX_PROBLEMS);
  const lines = shown.map(({ offset, message }) => `${file}:${source.at(offset)}: ${message}`);
  const left = problems.length - shown.length;
  return left > 0 ? [...lines, `${file}: and ${left} more`] : lines;
}

/** @param knownKeys the keys that the block at a path may have */
export function placeIssue(
  issue: z.core.$ZodIssue,
  source: YamlSource,
  knownKeys: (path: readonly PropertyKey[]) => readonly string[],
): Placed[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MAX_PROBLEMS).map((key) => ({
      offset: source.placeOfKey(issue.path, key),
      message: `${pathText([...issue.path, key])}: unknown key: known are ${knownKeys(issue.path).join(', ')}`,
    }));
  const where = pathText(issue.path);
  return [
    {
      offset: source.place(issue.path),
      message: where === '' ? issue.message : `${where}: ${issue.message}`,
    },
  ];
}

/** `cameras[0].url`. A key that is no plain word may be a URL that lost its quotes: it is not repeated. */
const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((step) =>
      typeof step === 'number' ? `[${step}]` : `.${/^[\w-]{1,40}$/.test(String(step)) ? String(step) : '?'}`,
    )
    .join('')
    .replace(/^\./, '');

/** Over the raw values of the list at `key`, so that a repeated name is told beside whatever else is wrong. */
export function repeatedNames(source: YamlSource, key: string): Placed[] {
  const list = (source.value as Record<string, unknown> | null)?.[key];
  if (!Array.isArray(list)) return [];
  const firsts = new Map<string, number>();
  return list.flatMap((item: unknown, index) => {
    const name = (item as { name?: unknown } | null)?.name;
    if (typeof name !== 'string') return [];
    const first = firsts.get(name);
    if (first === undefined) {
      firsts.set(name, index);
      return [];
    }
    const message = `${key}[${index}].name: is ${key}[${first}]'s name already: names must differ`;
    return [{ offset: source.place([key, index, 'name']), message }];
  });
}

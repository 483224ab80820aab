import { z } from 'zod';
import { expected, text } from './file-schema.js';
import type { GroupSpec } from './group-spec.js';
import type { Placed, YamlSource } from './yaml-source.js';

/** One entry of `groups:` in CONFIG_FILE. */

const MAX_GROUP_NAME_LENGTH = 256;
const PATTERN = /^[A-Za-z0-9._*-]{1,64}$/;
const PATTERN_ERROR = 'must be a name, or a pattern like door* (1-64 of A-Z a-z 0-9 . _ - *)';

const patterns = (what: string) =>
  z.array(text('a name').regex(PATTERN, PATTERN_ERROR), { error: expected(what) }).optional();

const groupSchema = z.strictObject(
  {
    // Whatever the signer or the proxy calls it: `/staff`, `CN=Guards,OU=...`.
    name: text('text; a number needs quotes: name: "7"')
      .min(1, 'must not be empty')
      .max(MAX_GROUP_NAME_LENGTH, `is longer than ${MAX_GROUP_NAME_LENGTH} characters`),
    cameras: patterns("a list of names or patterns; ['*'] for all cameras"),
    views: patterns('a list of names or patterns of views'),
  },
  { error: 'must be a block with name:' },
);

export type GroupEntry = z.output<typeof groupSchema>;

export const GROUP_KEYS = Object.keys(groupSchema.shape);

export const groupsSchema = z.array(groupSchema, { error: expected('a list of groups') }).optional();

/** What is wrong among a group's values, or between them and what the file has. */
export function groupProblems(
  groups: readonly GroupEntry[],
  known: { readonly cameras: ReadonlySet<string>; readonly views: ReadonlySet<string> },
  source: YamlSource,
): Placed[] {
  return groups.flatMap((group, index) => [
    ...(group.cameras || group.views ? [] : [placed(['groups', index], 'needs cameras: or views:', source)]),
    ...(['cameras', 'views'] as const).flatMap((key) =>
      (group[key] ?? []).flatMap((given, at) =>
        given.includes('*') || known[key].has(given)
          ? []
          : [placed(['groups', index, key, at], `no ${key.slice(0, -1)} of this name in the file`, source)],
      ),
    ),
  ]);
}

function placed(path: readonly (string | number)[], message: string, source: YamlSource): Placed {
  const [list = '', index = 0, key, at] = path;
  const where = `${list}[${index}]${key === undefined ? '' : `.${key}[${at ?? 0}]`}`;
  return { offset: source.place(path), message: `${where}: ${message}` };
}

export const toGroupSpec = ({ name, cameras, views }: GroupEntry): GroupSpec => ({
  name,
  cameras: cameras ?? null,
  views: views ?? null,
});

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';

/** A YAML text that knows where each of its values stands. Its messages never quote values: they may be passwords. */
export interface YamlSource {
  /** What is no YAML, or YAML that could mean something else than its writer thinks; then `value` is not to be used. */
  readonly problems: readonly Placed[];
  readonly value: unknown;
  /** Where the value at `path` stands; of a value that is not there, where its parent does. */
  place(path: readonly PropertyKey[]): number;
  /** Where the key itself stands in the map at `path`. */
  placeOfKey(path: readonly PropertyKey[], key: string): number;
  /** `12:5`: line and column, both from 1. */
  at(offset: number): string;
}

export interface Placed {
  readonly offset: number;
  readonly message: string;
}

/** Own words for what people get wrong; yaml's texts quote the file. */
const WORDS: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an alias (*name) needs a name',
  BAD_INDENT: 'wrong indentation',
  BAD_SCALAR_START: 'a value cannot begin with this character: put the value in quotes',
  BAD_DQ_ESCAPE: "unknown \\ sequence in double quotes: use 'single quotes'",
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " on one line: put the value in quotes',
  MISSING_CHAR: 'a quote, bracket, comma or space is missing, or a line is indented less than its neighbours',
  MULTILINE_IMPLICIT_KEY: 'the key has no ": " after it on its line',
  MULTIPLE_DOCS: 'a second document begins here (---): keep one',
  TAB_AS_INDENT: 'a tab in the indentation: use spaces',
  TAG_RESOLVE_FAILED: 'unknown !tag: leave it out, or put the value in quotes',
};

/** yaml looks through the whole file for each alias. A file whose cameras share a handful of settings has a few for each camera. */
const MAX_ALIASES = 2000;

export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  // Not `uniqueKeys`: yaml compares each key of a block with all before it.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    offset: pos[0],
    message: WORDS[code] ?? 'this is not valid YAML',
  }));
  problems.push(...repeatedKeys(document), ...wrongAliases(document));
  return {
    problems,
    value: problems.length > 0 ? null : plainValue(document, problems),
    place: (path) => find(document, path).range?.[0] ?? 0,
    placeOfKey: (path, key) => {
      const map = find(document, path);
      const pair = isMap(map)
        ? map.items.find((item) => isScalar(item.key) && item.key.value === key)
        : undefined;
      return (isScalar(pair?.key) ? pair.key.range?.[0] : map.range?.[0]) ?? 0;
    },
    at: (offset) => {
      const { line, col } = lines.linePos(offset);
      return `${Math.max(1, line)}:${Math.max(1, col)}`;
    },
  };
}

function repeatedKeys(document: Document): Placed[] {
  const problems: Placed[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value))
          problems.push({
            offset: key.range?.[0] ?? 0,
            message: 'this key stands twice in the same block: delete one',
          });
        seen.add(key.value);
      }
    },
  });
  return problems;
}

/** In one pass: an anchor counts from where it stands, as for yaml itself. */
function wrongAliases(document: Document): Placed[] {
  const problems: Placed[] = [];
  const anchors = new Set<string>();
  let aliases = 0;
  visit(document, {
    Alias: (_, alias) => {
      const offset = alias.range?.[0] ?? 0;
      if (++aliases > MAX_ALIASES) {
        problems.push({ offset, message: `more than ${MAX_ALIASES} aliases (*name): write the values out` });
        return visit.BREAK;
      }
      if (!anchors.has(alias.source))
        problems.push({ offset, message: 'alias (*name) without its anchor (&name) before it' });
      return undefined;
    },
    Node: (_, node) => {
      if ('anchor' in node && typeof node.anchor === 'string') anchors.add(node.anchor);
    },
  });
  return problems;
}

function plainValue(document: Document, problems: Placed[]): unknown {
  try {
    return document.toJS();
  } catch {
    // yaml refuses aliases of aliases that unfold to millions of values.
    problems.push({ offset: 0, message: 'aliases unfold to too many values: write them out' });
    return null;
  }
}

/** The deepest node on the way to `path`. */
function find(document: Document, path: readonly PropertyKey[]): Pick<Node, 'range'> {
  let node: Node | null = resolve(document.contents, document);
  for (const step of path) {
    let next: unknown;
    if (isMap(node)) next = node.items.find((item) => isScalar(item.key) && item.key.value === step)?.value;
    else if (isSeq(node) && typeof step === 'number') next = node.items[step];
    const child = resolve(next, document);
    if (!child) break;
    node = child;
  }
  return node ?? { range: null };
}

function resolve(value: unknown, document: Document): Node | null {
  if (isAlias(value)) return value.resolve(document) ?? null;
  return isMap(value) || isSeq(value) || isScalar(value) ? value : null;
}

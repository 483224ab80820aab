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
  DUPLICATE_KEY: 'this key stands twice in the same block: delete one',
  MISSING_CHAR: 'a quote, bracket, comma or space is missing',
  MULTILINE_IMPLICIT_KEY: 'the key has no ": " after it on its line',
  MULTIPLE_DOCS: 'a second document begins here (---): keep one',
  TAB_AS_INDENT: 'a tab in the indentation: use spaces',
  TAG_RESOLVE_FAILED: 'unknown !tag: leave it out, or put the value in quotes',
};

export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    offset: pos[0],
    message: WORDS[code] ?? 'this is not valid YAML',
  }));
  visit(document, {
    Alias: (_, alias) => {
      if (!alias.resolve(document))
        problems.push({
          offset: alias.range?.[0] ?? 0,
          message: 'alias (*name) without its anchor (&name) before it',
        });
    },
  });
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

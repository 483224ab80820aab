import { SaxesParser } from 'saxes';

/** An answer in XML cannot be used. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** One element. Names are without their prefixes, which each maker chooses differently. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, without that of its children, trimmed. */
  readonly text: string;
}

/** More than any answer that this service asks for needs: a camera with 32 profiles sends some 60 KB. */
export const MAX_XML_BYTES = 256 * 1024;
const MAX_ELEMENTS = 10_000;
const MAX_DEPTH = 40;

interface Growing {
  name: string;
  attributes: Map<string, string>;
  children: Growing[];
  text: string;
}

/**
 * Parses an answer. A document type, with which entities could be defined, ends it (XML bombs, files of this machine); sizes are bounded.
 * @throws XmlError
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  if (bytes.byteLength > MAX_XML_BYTES) throw new XmlError(`more than ${MAX_XML_BYTES} bytes`);
  const fail = (message: string): never => {
    throw new XmlError(message);
  };
  const open: Growing[] = [];
  const roots: Growing[] = [];
  let elements = 0;
  const parser = new SaxesParser({ xmlns: true });
  parser.on('doctype', () => fail('it has a document type'));
  parser.on('error', () => fail('it is no XML'));
  parser.on('opentag', ({ local, attributes }) => {
    if (++elements > MAX_ELEMENTS) fail(`more than ${MAX_ELEMENTS} elements`);
    if (open.length >= MAX_DEPTH) fail(`elements more than ${MAX_DEPTH} deep`);
    const own = Object.values(attributes).map(({ local: name, value }): [string, string] => [name, value]);
    const element: Growing = { name: local, attributes: new Map(own), children: [], text: '' };
    (open.at(-1)?.children ?? roots).push(element);
    open.push(element);
  });
  const addText = (text: string): void => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const element = open.pop();
    if (element) element.text = element.text.trim();
  });
  // A byte order mark is part of no name.
  parser.write(new TextDecoder().decode(bytes).trimStart()).close();
  return roots[0] ?? fail('it is empty');
}

/** The first descendant at this path of names; `undefined` when there is none. */
export const find = (element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined =>
  path.reduce<XmlElement | undefined>(
    (at, name) => at?.children.find((child) => child.name === name),
    element,
  );

/** All children of this name. */
export const findAll = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element?.children.filter((child) => child.name === name) ?? [];

export const textOf = (element: XmlElement | undefined, ...path: readonly string[]): string =>
  find(element, ...path)?.text ?? '';

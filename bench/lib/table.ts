/** A column of a Markdown table. Numbers stand right. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export type Cell = string | number | null | undefined;

/** A Markdown table whose source is aligned too. Missing cells and NaN print as a dash. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => columns.map((_, at) => cellText(row[at])));
  const widths = columns.map((column, at) =>
    Math.max(3, column.title.length, ...texts.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, at) => {
      const width = widths[at] ?? 0;
      return columns[at]?.align === 'right' ? cell.padStart(width) : cell.padEnd(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = columns.map((column, at) => {
    const dashes = '-'.repeat((widths[at] ?? 3) - 1);
    return column.align === 'right' ? `${dashes}:` : `${dashes}-`;
  });
  return [line(columns.map((column) => escapePipes(column.title))), line(rule), ...texts.map(line)].join(
    '\n',
  );
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined || Number.isNaN(cell)) return '-';
  return typeof cell === 'number' ? number(cell) : escapePipes(cell);
}

/** Three significant digits, but whole numbers whole; thousands get commas. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  const digits =
    Number.isInteger(value) || magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

export const mebibytes = (bytes: number): number => bytes / 1024 / 1024;

const escapePipes = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

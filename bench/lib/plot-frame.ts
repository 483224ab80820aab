/** The parts that every chart has: sheet, title, grid, axes, legend. */

/** The area of the data within the sheet, in SVG pixels. */
export const PLOT = { left: 72, top: 76, width: 660, height: 280 } as const;
const SHEET = { width: 760, height: 420 } as const;

/** Okabe and Ito's colours, which colour-blind people can tell apart, in an order of strong contrast on white. */
export const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#3f3f46'] as const;

const STYLE = `text{font-family:system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#374151}
.title{font-size:17px;font-weight:600;fill:#111827}.label,.legend{font-size:12.5px}
.tick{font-size:11.5px;fill:#6b7280}.value{font-size:11px;text-anchor:middle}`;

export interface FrameOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** A numeric x axis, or else `groups`. */
  readonly x?: { readonly from: number; readonly to: number };
  readonly groups?: readonly string[];
  /** Greatest value to show; the axis ends at a round number at or above it. */
  readonly yMax: number;
  readonly legend: readonly string[];
}

export interface Frame {
  x(value: number): number;
  y(value: number): number;
  format(value: number): string;
  document(body: string): string;
}

export function drawFrame(options: FrameOptions): Frame {
  const yTicks = ticks(0, options.yMax > 0 ? options.yMax : 1);
  const yTop = yTicks.at(-1) ?? 1;
  const from = finite(options.x?.from ?? 0, 0);
  const end = finite(options.x?.to ?? 1, 1);
  // A single point would stand on an axis without length.
  const to = end > from ? end : from + 1;
  const x = (value: number): number => PLOT.left + ((value - from) / (to - from)) * PLOT.width;
  const y = (value: number): number => PLOT.top + PLOT.height * (1 - value / yTop);
  const xTicks = ticks(from, to).filter((value) => value >= from && value <= to);
  const decorations = [
    ...yTicks.map((value) => gridLine(y(value), shortNumber(value))),
    ...(options.groups === undefined
      ? xTicks.map((value) => tickLabel(x(value), shortNumber(value)))
      : options.groups.map((name, at, all) =>
          tickLabel(PLOT.left + (PLOT.width * (at + 0.5)) / all.length, name),
        )),
    axisLabels(options),
    ...legend(options.legend),
  ];
  return {
    x,
    y,
    format: shortNumber,
    document: (body) =>
      [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SHEET.width} ${SHEET.height}" role="img">`,
        `<title>${escapeXml(options.title)}</title>`,
        `<style>${STYLE}</style>`,
        `<rect width="${SHEET.width}" height="${SHEET.height}" fill="#ffffff"/>`,
        ...decorations,
        body,
        '</svg>\n',
      ].join('\n'),
  };
}

/** Round steps (1, 2 or 5 times a power of ten), four to nine of them, from at or below `from` to at or above `to`. */
export function ticks(from: number, to: number): number[] {
  const rough = (to - from) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.floor(from / step);
  const last = Math.ceil(to / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

export function escapeXml(text: string): string {
  return (
    text
      // XML 1.0 has no way to write these.
      .replace(/\p{Cc}/gu, ' ')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}

function gridLine(y: number, text: string): string {
  const at = y.toFixed(1);
  return (
    `<line x1="${PLOT.left}" y1="${at}" x2="${PLOT.left + PLOT.width}" y2="${at}" stroke="#e5e7eb"/>` +
    `<text x="${PLOT.left - 8}" y="${(y + 4).toFixed(1)}" class="tick" text-anchor="end">${text}</text>`
  );
}

function tickLabel(x: number, text: string): string {
  return `<text x="${x.toFixed(1)}" y="${PLOT.top + PLOT.height + 20}" class="tick" text-anchor="middle">${escapeXml(text)}</text>`;
}

function axisLabels(options: FrameOptions): string {
  const middle = PLOT.top + PLOT.height / 2;
  const bottom = PLOT.top + PLOT.height;
  return [
    `<line x1="${PLOT.left}" y1="${bottom}" x2="${PLOT.left + PLOT.width}" y2="${bottom}" stroke="#6b7280"/>`,
    `<text x="24" y="30" class="title">${escapeXml(options.title)}</text>`,
    `<text x="${PLOT.left + PLOT.width / 2}" y="${bottom + 46}" class="label" text-anchor="middle">${escapeXml(options.xLabel)}</text>`,
    `<text x="20" y="${middle}" class="label" text-anchor="middle" transform="rotate(-90 20 ${middle})">${escapeXml(options.yLabel)}</text>`,
  ].join('\n');
}

function legend(names: readonly string[]): string[] {
  if (names.length < 2) return [];
  let left: number = PLOT.left;
  return names.map((name, at) => {
    const entry =
      `<rect x="${left}" y="46" width="12" height="12" rx="2" fill="${PALETTE[at % PALETTE.length] ?? '#000000'}"/>` +
      `<text x="${left + 18}" y="56.5" class="legend">${escapeXml(name)}</text>`;
    // SVG cannot measure text before it is drawn: 7 pixels a character is this font's mean, rounded up.
    left += 36 + name.length * 7;
    return entry;
  });
}

function shortNumber(value: number): string {
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  return Number(value.toPrecision(3)).toLocaleString('en-US');
}

const finite = (value: number, fallback: number): number => (Number.isFinite(value) ? value : fallback);

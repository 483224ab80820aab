import { drawFrame, escapeXml, PALETTE, PLOT, type Frame } from './plot-frame.js';

export interface Series {
  readonly name: string;
  /** x must ascend. A `null` y breaks the line. */
  readonly points: readonly (readonly [x: number, y: number | null])[];
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** A dashed horizontal line with its meaning, such as a limit. */
  readonly marker?: { readonly y: number; readonly label: string };
}

/** A line chart as an SVG document: light background, y from 0, a legend when there is more than one series. */
export function lineChart(chart: LineChart): string {
  const points = chart.series.flatMap((series) => series.points);
  const xs = points.map(([x]) => x);
  const ys = points.flatMap(([, y]) => y ?? []);
  const frame = drawFrame({
    title: chart.title,
    xLabel: chart.xLabel,
    yLabel: chart.yLabel,
    x: { from: Math.min(...xs, Infinity), to: Math.max(...xs, -Infinity) },
    yMax: Math.max(...ys, chart.marker?.y ?? 0, 0),
    legend: chart.series.map((series) => series.name),
  });
  const lines = chart.series.map((series, at) => drawSeries(series, frame, colour(at)));
  return frame.document([...marker(chart, frame), ...lines].join('\n'));
}

export interface BarChart {
  readonly title: string;
  readonly yLabel: string;
  /** Under each group of bars. */
  readonly groups: readonly string[];
  /** One value for each group; null leaves the bar out. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

/** Grouped bars with their values above them. */
export function barChart(chart: BarChart): string {
  const values = chart.series.flatMap((series) => series.values.flatMap((value) => value ?? []));
  const frame = drawFrame({
    title: chart.title,
    xLabel: '',
    yLabel: chart.yLabel,
    groups: chart.groups,
    yMax: Math.max(...values, 0),
    legend: chart.series.map((series) => series.name),
  });
  const slot = PLOT.width / Math.max(1, chart.groups.length);
  const bar = Math.min(72, (slot * 0.72) / Math.max(1, chart.series.length));
  const bars = chart.series.flatMap((series, at) =>
    series.values.map((value, group) => {
      if (value === null) return '';
      const left = PLOT.left + slot * (group + 0.5) + bar * (at - chart.series.length / 2);
      const top = frame.y(value);
      const height = PLOT.top + PLOT.height - top;
      return (
        `<rect x="${px(left + 1)}" y="${px(top)}" width="${px(bar - 2)}" height="${px(height)}" rx="2" fill="${colour(at)}"/>` +
        `<text x="${px(left + bar / 2)}" y="${px(top - 5)}" class="value">${escapeXml(frame.format(value))}</text>`
      );
    }),
  );
  return frame.document(bars.join('\n'));
}

function drawSeries(series: Series, frame: Frame, stroke: string): string {
  let path = '';
  let pen = 'M';
  for (const [x, y] of series.points) {
    if (y === null) {
      pen = 'M';
      continue;
    }
    path += `${pen}${px(frame.x(x))} ${px(frame.y(y))}`;
    pen = 'L';
  }
  const dots = series.points.length > 40 ? [] : series.points;
  const circles = dots.map(([x, y]) =>
    y === null ? '' : `<circle cx="${px(frame.x(x))}" cy="${px(frame.y(y))}" r="3" fill="${stroke}"/>`,
  );
  return `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="2" stroke-linejoin="round"/>${circles.join('')}`;
}

function marker(chart: LineChart, frame: Frame): string[] {
  if (chart.marker === undefined) return [];
  const y = px(frame.y(chart.marker.y));
  const right = PLOT.left + PLOT.width;
  return [
    `<line x1="${PLOT.left}" y1="${y}" x2="${right}" y2="${y}" stroke="#6b7280" stroke-dasharray="5 4"/>`,
    `<text x="${right}" y="${px(Number(y) - 5)}" class="tick" text-anchor="end">${escapeXml(chart.marker.label)}</text>`,
  ];
}

const colour = (at: number): string => PALETTE[at % PALETTE.length] ?? '#000000';
const px = (value: number): string => value.toFixed(1);

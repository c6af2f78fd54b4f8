import { along, axisMarks, type LogRange, logRange, markLabel } from './log-axis.ts';
import { element, type Svg, text, title as titled } from './svg.ts';

export interface Point {
  measured: number;
  predicted: number;
  /** Index of the series it belongs to. */
  series: number;
}

/** One field of dots: what was measured to the right, what was predicted upwards, both on one logarithmic scale. */
export interface Panel {
  title: string;
  subtitle: string;
  unit: string;
  points: readonly Point[];
}

export interface Picture {
  title: string;
  subtitle: string;
  series: readonly { label: string; n: number }[];
  panels: readonly Panel[];
}

const FIELD = 300;
const MARGIN = { left: 62, top: 58, right: 22, bottom: 50 };
const CELL = { width: MARGIN.left + FIELD + MARGIN.right, height: MARGIN.top + FIELD + MARGIN.bottom };
const HEADER = 56;
const LEGEND_LINE = 20;
const LEGEND_COLUMN = 220;
const INK = '#222222';
const FAINT = '#666666';
const BAND = 0.2;

/** Told apart by people who see no red or no green (Okabe and Ito), then lighter ones; what is beyond them is grey. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f3c8d', '#8c6d31', '#111111'];
const OTHER = '#999999';
const colourOf = (series: number): string => COLOURS[series] ?? OTHER;

/** Places in a field, from its upper left corner. */
function placesIn(range: LogRange) {
  return {
    x: (value: number) => along(range, value) * FIELD,
    y: (value: number) => (1 - along(range, value)) * FIELD,
  };
}

function axes(range: LogRange, unit: string): Svg[] {
  const { x, y } = placesIn(range);
  const lines = axisMarks(range).flatMap(({ value, labelled }) => {
    const grid = { stroke: labelled ? '#dddddd' : '#f0f0f0', 'stroke-width': 1 };
    return [
      element('line', { x1: x(value), x2: x(value), y1: 0, y2: FIELD, ...grid }),
      element('line', { x1: 0, x2: FIELD, y1: y(value), y2: y(value), ...grid }),
    ];
  });
  const labels = axisMarks(range)
    .filter(({ labelled }) => labelled)
    .flatMap(({ value }) => [
      text(markLabel(value, unit), { x: x(value), y: FIELD + 16, 'text-anchor': 'middle', fill: FAINT }),
      text(markLabel(value, unit), { x: -6, y: y(value) + 4, 'text-anchor': 'end', fill: FAINT }),
    ]);
  return [
    element('rect', { x: 0, y: 0, width: FIELD, height: FIELD, fill: '#ffffff', stroke: '#bbbbbb' }),
    ...lines,
    ...labels,
    text('measured', { x: FIELD / 2, y: FIELD + 36, 'text-anchor': 'middle', fill: INK }),
    text('predicted', {
      x: 0,
      y: 0,
      'text-anchor': 'middle',
      fill: INK,
      transform: `translate(-48 ${FIELD / 2}) rotate(-90)`,
    }),
  ];
}

/** The line of predictions that are `factor` times what was measured, as far as it lies in the field. */
function ratioLine(range: LogRange, factor: number, dashes: string): Svg {
  const { x, y } = placesIn(range);
  const from = Math.max(range.low, range.low / factor);
  const to = Math.min(range.high, range.high / factor);
  return element('line', {
    x1: x(from),
    y1: y(from * factor),
    x2: x(to),
    y2: y(to * factor),
    stroke: '#444444',
    'stroke-width': 1,
    ...(dashes === '' ? {} : { 'stroke-dasharray': dashes }),
  });
}

function dots(range: LogRange, points: readonly Point[]): Svg[] {
  const { x, y } = placesIn(range);
  const series = [...new Set(points.map((point) => point.series))].sort((a, b) => a - b);
  return series.map((one) =>
    element(
      'g',
      { fill: colourOf(one), 'fill-opacity': '0.5' },
      ...points
        .filter((point) => point.series === one)
        .map((point) => element('circle', { cx: x(point.measured), cy: y(point.predicted), r: 2.4 })),
    ),
  );
}

function drawPanel(panel: Panel, left: number, top: number): Svg {
  const range = logRange(panel.points.flatMap((point) => [point.measured, point.predicted]));
  return element(
    'g',
    { transform: `translate(${left + MARGIN.left} ${top + MARGIN.top})` },
    text(panel.title, { x: 0, y: -26, 'font-size': 14, 'font-weight': 'bold', fill: INK }),
    text(panel.subtitle, { x: 0, y: -9, fill: FAINT }),
    ...axes(range, panel.unit),
    ratioLine(range, 1, ''),
    ratioLine(range, 1 + BAND, '4 3'),
    ratioLine(range, 1 - BAND, '4 3'),
    ...dots(range, panel.points),
  );
}

function legend(series: Picture['series'], columns: number, top: number): Svg[] {
  return series.map(({ label, n }, index) => {
    const left = MARGIN.left + (index % columns) * LEGEND_COLUMN;
    const line = top + Math.floor(index / columns) * LEGEND_LINE;
    return element(
      'g',
      {},
      element('circle', { cx: left, cy: line - 4, r: 5, fill: colourOf(index) }),
      text(`${label} (${n.toLocaleString('en-US')})`, { x: left + 12, y: line, fill: INK }),
    );
  });
}

/** Up to three fields beside each other, in lines as full as can be: four are two by two. */
function columnsOf(panels: number): number {
  const lines = Math.ceil(panels / 3);
  return Math.max(1, Math.ceil(panels / lines));
}

/**
 * Predicted against measured as an SVG file: a field for each kind of value, with the diagonal on which a prediction
 * is right and dashed lines 20 % off it. It has no script, style sheet or outside reference, so it may be shown
 * anywhere.
 */
export function scatterPicture({ title, subtitle, series, panels }: Picture): string {
  const columns = columnsOf(panels.length);
  const rows = Math.ceil(panels.length / columns);
  const width = Math.max(2, columns) * CELL.width;
  const legendColumns = Math.max(1, Math.floor((width - MARGIN.left) / LEGEND_COLUMN));
  const legendTop = HEADER + rows * CELL.height + 18;
  const height = legendTop + Math.ceil(series.length / legendColumns) * LEGEND_LINE;
  const drawn = panels.map((panel, index) =>
    drawPanel(panel, (index % columns) * CELL.width, HEADER + Math.floor(index / columns) * CELL.height),
  );
  const picture = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      'font-family': 'Helvetica, Arial, sans-serif',
      'font-size': 12,
      role: 'img',
    },
    titled(title),
    element('rect', { width, height, fill: '#ffffff' }),
    text(title, { x: MARGIN.left, y: 30, 'font-size': 18, 'font-weight': 'bold', fill: INK }),
    text(subtitle, { x: MARGIN.left, y: 50, fill: FAINT }),
    ...drawn,
    ...legend(series, legendColumns, legendTop),
  );
  return `${picture}\n`;
}

import { errorsBy, type Facet, facetNameOf } from '../analysis/accuracy/error-facets.ts';
import { errorSummary, groupRows } from '../analysis/accuracy/error-groups.ts';
import { KINDS } from '../analysis/accuracy/metric.ts';
import type { PredictedRow, Predictions } from '../analysis/accuracy/predict-rows.ts';
import { kindLabel, percent } from './accuracy-tables.ts';
import { type Panel, scatterPicture } from './charts/scatter.ts';

/** Kinds whose unit needs no saying on the field, since each mark carries it. */
const TIMES = ['ms', 's'];

/** Rows of one kind and unit make one field, in the order people read about them. */
function panelsOf(rows: readonly PredictedRow[], seriesOf: (row: PredictedRow) => number): Panel[] {
  const fields = groupRows(rows, ({ metric }) => `${KINDS.indexOf(metric.kind)} ${metric.unit}`);
  return [...fields]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]): Panel => {
      const [{ metric }] = members as [PredictedRow, ...PredictedRow[]];
      const { n, median_ape, p90_ape } = errorSummary(members);
      const label = kindLabel(metric.kind);
      const title = `${label.charAt(0).toUpperCase()}${label.slice(1)}`;
      return {
        title: TIMES.includes(metric.unit) ? title : `${title}, ${metric.unit}`,
        subtitle: `${n.toLocaleString('en-US')} rows · median error ${percent(median_ape)} · p90 ${percent(p90_ape)}`,
        unit: metric.unit,
        points: members.map((row) => ({ measured: row.measured, predicted: row.predicted, series: seriesOf(row) })),
      };
    });
}

/** Predicted against measured as an SVG picture, coloured by engine or GPU. */
export function accuracyPicture(predictions: Predictions, facet: Facet): string {
  const names = errorsBy(predictions.rows, facet);
  const places = new Map(names.map(({ name }, index) => [name, index]));
  return scatterPicture({
    title: 'Predicted against measured',
    subtitle: `${predictions.rows.length.toLocaleString('en-US')} rows; on the line a prediction is right, on the dashed ones 20 % off`,
    series: names.map(({ name, n }) => ({ label: name, n })),
    panels: panelsOf(predictions.rows, (row) => places.get(facetNameOf(row, facet)) ?? 0),
  });
}

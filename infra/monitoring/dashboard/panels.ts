import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';

interface Target {
  readonly expr: string;
  /** Text, or a label's value in double braces. */
  readonly legend: string;
}

interface Place {
  readonly title: string;
  /** What a reader would ask of the panel. */
  readonly description: string;
  /** Of 24 columns. */
  readonly width: number;
  readonly height: number;
  /** Grafana's name of the unit. */
  readonly unit?: string;
  /** Said where the query finds nothing, which is not always bad news. */
  readonly empty?: string;
  /** What is shown in place of a value. */
  readonly words?: Readonly<Record<string, string>>;
}

/** A value from which on a panel changes its colour; the first has none. */
export type Steps = readonly (readonly [from: number | null, color: Color])[];

/** `text` is that of any text, `transparent` leaves the cell of a table as it is. */
export type Color =
  | 'green'
  | 'yellow'
  | 'orange'
  | 'red'
  | 'purple'
  | 'blue'
  | 'text'
  | 'transparent';

export const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

/** The newest value of each target, large. */
export function stat(
  place: Place,
  targets: readonly Target[],
  steps: Steps | Readonly<Record<string, Color>>,
): StatPanel {
  const panel = placed(new StatPanel(), place)
    .targets(targets.map(({ expr, legend }, at) => query(expr, at).legendFormat(legend).instant()))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(
      isSteps(steps) ? common.BigValueColorMode.Background : common.BigValueColorMode.Value,
    )
    .graphMode(common.BigValueGraphMode.None)
    // By itself Grafana names the values where there are several.
    .textMode(isSteps(steps) ? common.BigValueTextMode.Auto : common.BigValueTextMode.ValueAndName);
  if (isSteps(steps)) return panel.thresholds(thresholds(steps));
  // Nothing is worth a colour where there is nothing of it.
  for (const [name, color] of Object.entries(steps)) {
    panel.overrideByName(name, [
      {
        id: 'thresholds',
        value: thresholds([
          [null, 'text'],
          [1, color],
        ]).build(),
      },
    ]);
  }
  return panel.thresholds(thresholds([[null, 'text']]));
}

/** Lines over time, or where `stacked` bars that add up. */
export function timeSeries(
  place: Place & { readonly stacked?: boolean; readonly limit?: number },
  targets: readonly Target[],
  colors: Readonly<Record<string, Color>> = {},
): TimeSeriesPanel {
  const panel = placed(new TimeSeriesPanel(), place)
    .targets(targets.map(({ expr, legend }, at) => query(expr, at).legendFormat(legend).range()))
    .min(0)
    .lineInterpolation(common.LineInterpolation.StepAfter)
    .legend(new common.VizLegendOptionsBuilder().showLegend(true).calcs(['lastNotNull', 'max']))
    .fillOpacity(place.stacked === true ? 60 : 10)
    .showPoints(common.VisibilityMode.Never);
  if (place.stacked === true) {
    panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  }
  // A count that is nothing all the time is a line at the bottom, and not in the middle.
  if (place.unit === undefined) panel.axisSoftMax(1);
  if (place.limit !== undefined) {
    panel
      .thresholds(
        thresholds([
          [null, 'green'],
          [place.limit, 'red'],
        ]),
      )
      .thresholdsStyle(
        new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
      );
  }
  for (const [name, color] of Object.entries(colors)) {
    panel.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]);
  }
  return panel;
}

/** One column of a table: what it is called, and from when on its cells are coloured. */
export interface Column {
  readonly title: string;
  readonly expr: string;
  readonly steps?: Steps;
  readonly unit?: string;
}

/** A row for each value of the label, a column for each query, the worst first. */
export function table(
  place: Place & { readonly sortBy: string },
  label: { readonly name: string; readonly title: string },
  columns: readonly Column[],
): TablePanel {
  const panel = placed(new TablePanel(), place)
    .targets(
      columns.map(({ expr }, at) =>
        query(expr, at).instant().format(prometheus.PromQueryFormat.Table),
      ),
    )
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(place.sortBy).desc(true)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(
          [label.name, ...columns.map((_, at) => valueField(at, columns))].map((name, at) => [
            name,
            at,
          ]),
        ),
        renameByName: Object.fromEntries([
          [label.name, label.title],
          ...columns.map(({ title }, at) => [valueField(at, columns), title]),
        ]),
      },
    });
  for (const { title, steps, unit } of columns) {
    panel.overrideByName(title, [
      ...(steps === undefined
        ? []
        : [
            { id: 'thresholds', value: thresholds(steps).build() },
            { id: 'custom.cellOptions', value: { type: 'color-background' } },
          ]),
      ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ]);
  }
  return panel;
}

type AnyPanel = StatPanel | TablePanel | TimeSeriesPanel;

function placed<P extends AnyPanel>(panel: P, place: Place): P {
  panel
    .title(place.title)
    .description(place.description)
    .span(place.width)
    .height(place.height)
    .datasource(DATA_SOURCE);
  if (place.unit !== undefined) panel.unit(place.unit);
  if (place.empty !== undefined) panel.noValue(place.empty);
  if (place.words !== undefined) panel.mappings([wording(place.words)]);
  return panel;
}

function wording(words: Readonly<Record<string, string>>): dashboard.ValueMapping {
  const options = Object.entries(words).map(([value, text]) => [value, { text }]);
  return { type: dashboard.MappingType.ValueToText, options: Object.fromEntries(options) };
}

function query(expr: string, at: number): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder().expr(expr).refId(refId(at)).datasource(DATA_SOURCE);
}

/** Grafana's names of queries: A, B, C. */
function refId(at: number): string {
  return String.fromCodePoint(0x41 + at);
}

/** What Grafana calls the value of a query in a table: its letter is left out where it is alone. */
function valueField(at: number, columns: readonly Column[]): string {
  return columns.length === 1 ? 'Value' : `Value #${refId(at)}`;
}

function thresholds(steps: Steps): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));
}

function isSteps(steps: Steps | Readonly<Record<string, Color>>): steps is Steps {
  return Array.isArray(steps);
}

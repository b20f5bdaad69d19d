/** Grafana's classic dashboard JSON, as far as this project's own dashboard uses it. */
import * as z from 'zod/mini';

/** A panel that shows something, and a row, which is a heading over the panels below it. */
export type Panel = Row | Stat | TimeSeries | Table;

interface Common {
  readonly title: string;
  readonly place: Place;
}

/** In Grafana's grid of 24 columns. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Row extends Common {
  readonly type: 'row';
}

/** The newest value of each query, large. */
export interface Stat extends Common, Fields {
  readonly type: 'stat';
  readonly background: boolean;
}

/** Lines over time, on top of each other where they are stacked. */
export interface TimeSeries extends Common, Fields {
  readonly type: 'timeseries';
  readonly stacked: boolean;
}

/** A row for each value of one label, a column for each query, the largest of one column first. */
export interface Table extends Common, Fields {
  readonly type: 'table';
  readonly label: Heading;
  readonly columns: readonly Heading[];
  readonly sortBy: string;
}

/** How a column of a table is named in its answers, and what stands above it. */
interface Heading {
  readonly field: string;
  readonly title: string;
}

interface Fields {
  readonly targets: readonly Target[];
  readonly look: Look;
  /** What is different for a series or a column of this name. */
  readonly looks: ReadonlyMap<string, Partial<Look>>;
  /** Stands where no query has an answer. */
  readonly empty: string;
}

export interface Target {
  readonly expr: string;
  /** Text, with labels in double braces. */
  readonly legend: string;
  readonly instant: boolean;
}

export interface Look {
  /** Grafana's name of the unit; empty for a count. */
  readonly unit: string;
  /** From which value on there is which colour; the first is for all below. */
  readonly steps: readonly Step[];
  readonly words: Readonly<Record<string, string>>;
  readonly color: string | undefined;
}

interface Step {
  readonly value: number;
  readonly color: string;
}

const stepSchema = z.pipe(
  z.object({ value: z.nullable(z.number()), color: z.string() }),
  z.transform(({ value, color }): Step => ({ value: value ?? Number.NEGATIVE_INFINITY, color })),
);

const thresholdsSchema = z.object({ steps: z.array(stepSchema) });

const mappingSchema = z.object({ options: z.record(z.string(), z.object({ text: z.string() })) });

const propertySchema = z.object({ id: z.string(), value: z.unknown() });

const targetSchema = z.pipe(
  z.object({
    expr: z.string(),
    legendFormat: z._default(z.string(), ''),
    instant: z._default(z.boolean(), false),
  }),
  z.transform(({ expr, legendFormat, instant }): Target => ({
    expr,
    legend: legendFormat,
    instant,
  })),
);

const baseSchema = z.object({
  title: z.string(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
});

const fieldsSchema = z.extend(baseSchema, {
  targets: z.array(targetSchema),
  fieldConfig: z.object({
    defaults: z.object({
      unit: z._default(z.string(), ''),
      noValue: z._default(z.string(), 'No data'),
      thresholds: z._default(thresholdsSchema, { steps: [] }),
      mappings: z._default(z.array(mappingSchema), []),
      custom: z._default(
        z.object({ stacking: z._default(z.object({ mode: z.string() }), { mode: 'none' }) }),
        { stacking: { mode: 'none' } },
      ),
    }),
    overrides: z.array(
      z.object({
        matcher: z.object({ id: z.literal('byName'), options: z.string() }),
        properties: z.array(propertySchema),
      }),
    ),
  }),
});

const organizeSchema = z.object({
  id: z.literal('organize'),
  options: z.object({
    indexByName: z.record(z.string(), z.number()),
    renameByName: z.record(z.string(), z.string()),
  }),
});

const panelSchema = z.discriminatedUnion('type', [
  z.extend(baseSchema, { type: z.literal('row') }),
  z.extend(fieldsSchema, { type: z.literal('stat'), options: z.object({ colorMode: z.string() }) }),
  z.extend(fieldsSchema, { type: z.literal('timeseries') }),
  z.extend(fieldsSchema, {
    type: z.literal('table'),
    options: z.object({ sortBy: z.tuple([z.object({ displayName: z.string() })]) }),
    transformations: z.tuple([z.object({ id: z.literal('merge') }), organizeSchema]),
  }),
]);

const dashboardSchema = z.object({
  title: z.string(),
  panels: z.array(panelSchema),
});

interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Reads the text of a dashboard's file for one cluster. Throws where a panel is of another kind. */
export function readDashboard(json: string, cluster: string): Dashboard {
  const { title, panels } = dashboardSchema.parse(JSON.parse(json.replaceAll('$cluster', cluster)));
  return { title, panels: panels.map(panelOf) };
}

type RawPanel = z.infer<typeof panelSchema>;
type RawFields = z.infer<typeof fieldsSchema>;

function panelOf(raw: RawPanel): Panel {
  const { title, gridPos: place } = raw;
  switch (raw.type) {
    case 'row':
      return { type: 'row', title, place };
    case 'stat': {
      const background = raw.options.colorMode === 'background';
      return { type: 'stat', title, place, ...fieldsOf(raw), background };
    }
    case 'timeseries': {
      const stacked = raw.fieldConfig.defaults.custom.stacking.mode === 'normal';
      return { type: 'timeseries', title, place, ...fieldsOf(raw), stacked };
    }
    case 'table': {
      const [, { options }] = raw.transformations;
      const headings = Object.entries(options.renameByName)
        .map(([field, heading]): Heading => ({ field, title: heading }))
        .toSorted((a, b) => indexOf(a, options) - indexOf(b, options));
      const [label, ...columns] = headings;
      if (label === undefined) throw new Error(`the table "${title}" has no columns`);
      const sortBy = raw.options.sortBy[0].displayName;
      return { type: 'table', title, place, ...fieldsOf(raw), label, columns, sortBy };
    }
  }
}

function indexOf(
  { field }: Heading,
  { indexByName }: { readonly indexByName: Readonly<Record<string, number>> },
): number {
  return indexByName[field] ?? Number.POSITIVE_INFINITY;
}

function fieldsOf({ targets, fieldConfig: { defaults, overrides } }: RawFields): Fields {
  const look: Look = {
    unit: defaults.unit,
    steps: defaults.thresholds.steps,
    words: wordsOf(defaults.mappings),
    color: undefined,
  };
  const looks = overrides.map(
    ({ matcher, properties }) => [matcher.options, overridden(properties)] as const,
  );
  return { targets, look, looks: new Map(looks), empty: defaults.noValue };
}

function wordsOf(mappings: readonly z.infer<typeof mappingSchema>[]): Look['words'] {
  const pairs = mappings.flatMap(({ options }) => Object.entries(options));
  return Object.fromEntries(pairs.map(([value, { text }]) => [value, text]));
}

const fixedColorSchema = z.object({ fixedColor: z.string() });

function overridden(properties: readonly z.infer<typeof propertySchema>[]): Partial<Look> {
  return Object.assign(
    {},
    ...properties.map(({ id, value }): Partial<Look> => {
      if (id === 'unit') return { unit: z.string().parse(value) };
      if (id === 'thresholds') return { steps: thresholdsSchema.parse(value).steps };
      if (id === 'color') return { color: fixedColorSchema.parse(value).fixedColor };
      return {};
    }),
  );
}

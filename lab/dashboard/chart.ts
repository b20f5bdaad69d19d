import type { Range } from '../backend/prometheus-api.ts';
import type { NamedSeries } from './answers.ts';
import { inWords, namedColor, paletteColor, THEME } from './look.ts';
import type { Look, TimeSeries } from './panels.ts';
import { area, type Box, fitted, line, type Point, text, widthOf } from './svg.ts';

interface Chart {
  readonly panel: TimeSeries;
  readonly series: readonly NamedSeries[];
  readonly range: Range;
  readonly box: Box;
}

/** Where a moment and a value lie in the picture. */
interface Scale {
  readonly x: (unixSeconds: number) => number;
  readonly y: (value: number) => number;
  readonly top: number;
}

/** A series as it is drawn: on top of those below it, where the panel stacks. */
interface Layer {
  readonly name: string;
  readonly color: string;
  readonly look: Look;
  readonly values: readonly Sample[];
  readonly last: number;
  readonly max: number;
}

interface Sample {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

const LEGEND_PIXELS = 20;
const AXIS_PIXELS = 46;
const TIMES_PIXELS = 18;
const TIMES = 4;

/** Steps over time, with axes, the limit where the panel has one, and a legend of newest and largest. */
export function drawChart({ panel, series, range, box }: Chart): readonly string[] {
  const plot: Box = {
    x: box.x + AXIS_PIXELS,
    y: box.y + 4,
    w: box.w - AXIS_PIXELS,
    h: box.h - LEGEND_PIXELS - TIMES_PIXELS - 4,
  };
  const layers = layersOf(panel, series);
  const limit = panel.look.steps.find(({ value }) => Number.isFinite(value));
  const highest = Math.max(
    1,
    limit?.value ?? 0,
    ...layers.flatMap(({ values }) => values.map(({ to }) => to)),
  );
  const scale = scaleOf({ plot, range, top: nice(highest * 1.05) });
  return [
    ...axes(plot, scale, panel.look),
    ...times(plot, scale, range),
    ...layers.flatMap((layer) => drawLayer(layer, scale, panel.stacked)),
    ...(limit === undefined
      ? []
      : [
          line(
            [
              { x: plot.x, y: scale.y(limit.value) },
              { x: plot.x + plot.w, y: scale.y(limit.value) },
            ],
            namedColor(limit.color),
            '6 4',
          ),
        ]),
    ...legend(layers, { x: box.x, y: box.y + box.h - 4 }, box.w),
  ];
}

function layersOf(panel: TimeSeries, series: readonly NamedSeries[]): readonly Layer[] {
  const below = new Map<number, number>();
  return series.map((one, at) => {
    const look: Look = { ...panel.look, ...panel.looks.get(one.name) };
    const values = one.samples.map(({ unixSeconds, value }): Sample => {
      const from = panel.stacked ? (below.get(unixSeconds) ?? 0) : 0;
      below.set(unixSeconds, from + value);
      return { at: unixSeconds, from, to: from + value };
    });
    const all = one.samples.map(({ value }) => value);
    const color = look.color === undefined ? paletteColor(at) : namedColor(look.color);
    return {
      name: one.name,
      color,
      look,
      values,
      last: all.at(-1) ?? Number.NaN,
      max: Math.max(...all),
    };
  });
}

function scaleOf(given: {
  readonly plot: Box;
  readonly range: Range;
  readonly top: number;
}): Scale {
  const { plot, range, top } = given;
  const from = range.from.getTime() / 1000;
  const seconds = range.to.getTime() / 1000 - from;
  return {
    x: (unixSeconds) => plot.x + ((unixSeconds - from) / seconds) * plot.w,
    y: (value) => plot.y + plot.h - (value / top) * plot.h,
    top,
  };
}

/** The next of 1, 2, 3, 4, 5, 6, 8 times a power of ten, so that halves and quarters are short. */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10);
}

function axes(plot: Box, scale: Scale, look: Look): readonly string[] {
  return [0, 0.5, 1].flatMap((part) => {
    const value = part * scale.top;
    const y = scale.y(value);
    return [
      line(
        [
          { x: plot.x, y },
          { x: plot.x + plot.w, y },
        ],
        THEME.grid,
      ),
      text({ x: plot.x - 6, y: y + 4 }, inWords(value, look), {
        size: 11,
        color: THEME.faint,
        anchor: 'end',
      }),
    ];
  });
}

function times(plot: Box, scale: Scale, range: Range): readonly string[] {
  const from = range.from.getTime();
  const length = range.to.getTime() - from;
  return Array.from({ length: TIMES }, (_, at) => {
    const moment = new Date(from + ((at + 0.5) / TIMES) * length);
    return text(
      { x: scale.x(moment.getTime() / 1000), y: plot.y + plot.h + 15 },
      moment.toISOString().slice(11, 19),
      { size: 11, color: THEME.faint, anchor: 'middle' },
    );
  });
}

/** Each value holds until the next one comes. */
function drawLayer({ values, color }: Layer, scale: Scale, stacked: boolean): readonly string[] {
  const upper = steps(values, scale, ({ to }) => to);
  const lower = steps(values, scale, ({ from }) => from);
  return [area([...upper, ...lower.toReversed()], color, stacked ? 0.6 : 0.1), line(upper, color)];
}

function steps(
  values: readonly Sample[],
  scale: Scale,
  height: (sample: Sample) => number,
): readonly Point[] {
  return values.flatMap((sample, at) => {
    const y = scale.y(height(sample));
    const next = values[at + 1]?.at ?? sample.at;
    return [
      { x: scale.x(sample.at), y },
      { x: scale.x(next), y },
    ];
  });
}

function legend(layers: readonly Layer[], { x, y }: Point, width: number): readonly string[] {
  const parts: string[] = [];
  let at = x;
  for (const { name, color, look, last, max } of layers) {
    const words = `${name}  Last: ${inWords(last, look)}  Max: ${inWords(max, look)}`;
    const long = widthOf(words, 11) + 30;
    if (at + long > x + width && at > x) {
      parts.push(text({ x: at, y }, '…', { size: 11, color: THEME.faint }));
      break;
    }
    parts.push(
      line(
        [
          { x: at, y: y - 4 },
          { x: at + 12, y: y - 4 },
        ],
        color,
      ),
      text({ x: at + 17, y }, fitted(words, width - 17, 11), { size: 11, color: THEME.faint }),
    );
    at += long;
  }
  return parts;
}

import type { Range } from '../backend/prometheus-api.ts';
import type { AnsweredPanel, NamedSeries } from './answers.ts';
import { drawChart } from './chart.ts';
import { inWords, stepColor, THEME } from './look.ts';
import type { Look, Place, Row, Stat, Table } from './panels.ts';
import { type Box, fitted, line, picture, rectangle, text } from './svg.ts';

const COLUMN_PIXELS = 50;
const ROW_PIXELS = 30;
const GAP_PIXELS = 4;
const TITLE_PIXELS = 26;

/** A picture of the panels: an SVG document. Throws where a panel's unit has no words here. */
export function draw(title: string, panels: readonly AnsweredPanel[], range: Range): string {
  const bottom = Math.max(...panels.map(({ panel: { place } }) => place.y + place.h));
  const size = { w: 24 * COLUMN_PIXELS, h: bottom * ROW_PIXELS + GAP_PIXELS };
  return picture(
    size,
    title,
    panels.flatMap((panel) => drawPanel(panel, range)),
  );
}

function drawPanel({ panel, answers }: AnsweredPanel, range: Range): readonly string[] {
  const box = boxOf(panel.place);
  if (panel.type === 'row') return drawRow(panel, box);
  const title = text({ x: box.x + 10, y: box.y + 18 }, fitted(panel.title, box.w - 20, 13), {
    size: 13,
    weight: 'bold',
  });
  const frame = [rectangle(box, THEME.panel, THEME.border), title];
  const inside: Box = {
    x: box.x + 10,
    y: box.y + TITLE_PIXELS,
    w: box.w - 20,
    h: box.h - TITLE_PIXELS - 8,
  };
  if (answers.every((series) => series.length === 0)) {
    return [...frame, centred(panel.empty, inside)];
  }
  switch (panel.type) {
    case 'stat':
      return [...frame, ...drawStat(panel, answers.flat(), inside)];
    case 'table':
      return [...frame, ...drawTable(panel, answers, inside)];
    case 'timeseries':
      return [...frame, ...drawChart({ panel, series: answers.flat(), range, box: inside })];
  }
}

function boxOf({ x, y, w, h }: Place): Box {
  return {
    x: x * COLUMN_PIXELS + GAP_PIXELS,
    y: y * ROW_PIXELS + GAP_PIXELS,
    w: w * COLUMN_PIXELS - 2 * GAP_PIXELS,
    h: h * ROW_PIXELS - GAP_PIXELS,
  };
}

function centred(words: string, { x, y, w, h }: Box): string {
  const middle = { x: x + w / 2, y: y + h / 2 };
  return text(middle, words, { size: 16, color: THEME.faint, anchor: 'middle' });
}

function drawRow({ title }: Row, { x, y }: Box): readonly string[] {
  return [text({ x: x + 4, y: y + 19 }, `⌄ ${title}`, { size: 15, weight: 'bold' })];
}

/** A tile for each series, side by side. */
function drawStat(panel: Stat, series: readonly NamedSeries[], box: Box): readonly string[] {
  const w = box.w / series.length;
  return series.flatMap((one, at) => {
    const tile: Box = { x: box.x + at * w + 2, y: box.y, w: w - 4, h: box.h };
    const look: Look = { ...panel.look, ...panel.looks.get(one.name) };
    const value = newest(one);
    const color = stepColor(value, look);
    const words = inWords(value, look);
    const middle = { x: tile.x + tile.w / 2, y: tile.y + tile.h / 2 };
    const named = series.length > 1 || !panel.background;
    const large = Math.min(40, tile.h / 2.4, tile.w / (words.length * 0.6 + 0.5));
    const ink = panel.background ? '#ffffff' : color;
    return [
      ...(panel.background ? [rectangle(tile, color)] : []),
      ...(named
        ? [
            text({ x: middle.x, y: middle.y - 14 }, fitted(one.name, tile.w, 14), {
              size: 14,
              color: ink,
              anchor: 'middle',
            }),
          ]
        : []),
      text({ x: middle.x, y: middle.y + (named ? large - 6 : large / 3) }, words, {
        size: Math.round(large),
        color: ink,
        weight: 'bold',
        anchor: 'middle',
      }),
    ];
  });
}

/** The answers joined by the label of the first column. */
function drawTable(
  panel: Table,
  answers: readonly (readonly NamedSeries[])[],
  box: Box,
): readonly string[] {
  const names = [
    ...new Set(answers.flat().flatMap(({ labels }) => labels[panel.label.field] ?? [])),
  ];
  const rows = names.map((name) => ({
    name,
    values: answers.map((series) => {
      const found = series.find(({ labels }) => labels[panel.label.field] === name);
      return found === undefined ? undefined : newest(found);
    }),
  }));
  const by = panel.columns.findIndex(({ title }) => title === panel.sortBy);
  const sorted = rows.toSorted(
    (a, b) => (b.values[by] ?? -1) - (a.values[by] ?? -1) || a.name.localeCompare(b.name),
  );
  const w = box.w / (panel.columns.length + 1);
  const height = 26;
  const heading = [panel.label, ...panel.columns].map(({ title }, at) =>
    text({ x: box.x + at * w + 6, y: box.y + 16 }, fitted(title, w - 8, 12), {
      color: '#6e9fff',
      weight: 'bold',
    }),
  );
  const cells = sorted.slice(0, Math.floor(box.h / height) - 1).flatMap(({ name, values }, row) => {
    const y = box.y + (row + 1) * height;
    return [
      line(
        [
          { x: box.x, y },
          { x: box.x + box.w, y },
        ],
        THEME.border,
      ),
      text({ x: box.x + 6, y: y + 17 }, fitted(name, w - 8)),
      ...values.flatMap((value, at) =>
        value === undefined
          ? []
          : drawCell(value, lookOf(panel, at), { x: box.x + (at + 1) * w, y, w, h: height }),
      ),
    ];
  });
  return [...heading, ...cells];
}

function lookOf(panel: Table, at: number): Look {
  // Thresholds of the panel colour nothing: only a column that asks for it has coloured cells.
  return { ...panel.look, steps: [], ...panel.looks.get(panel.columns[at]?.title ?? '') };
}

function drawCell(value: number, look: Look, box: Box): readonly string[] {
  const color = look.steps.length === 0 ? THEME.panel : stepColor(value, look);
  const inner = { x: box.x + 1, y: box.y + 1, w: box.w - 2, h: box.h - 2 };
  const ink = color === THEME.panel ? THEME.text : '#ffffff';
  return [
    rectangle(inner, color),
    text({ x: box.x + 6, y: box.y + 17 }, inWords(value, look), { color: ink }),
  ];
}

function newest({ samples }: NamedSeries): number {
  return samples.at(-1)?.value ?? Number.NaN;
}

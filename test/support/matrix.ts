import { type Cluster, cluster } from './cluster.ts';

/** What the letters of a cell do to an observer's entries for a subject. */
const LETTERS: Readonly<Record<string, (on: Cluster, at: At) => Cluster>> = {
  N: (on, at) => on.lose('neighbour', at),
  F: (on, at) => on.lose('fdb', at),
  R: (on, at) => on.lose('route', at),
  n: (on, at) => on.change('neighbour', at),
  f: (on, at) => on.change('fdb', at),
  r: (on, at) => on.change('route', at),
  w: (on, at) => on.weaken(at),
};

/** What stands behind an observer's name, for its whole row. */
const ROW_MARKS: Readonly<Record<string, (on: Cluster, observer: string) => Cluster>> = {
  '?': (on, observer) => on.silence(observer),
  '!': (on, observer) => on.dropDevice(observer),
  '~': (on, observer) => on.drift(observer),
  '-N': (on, observer) => on.hide('neighbours', observer),
  '-F': (on, observer) => on.hide('fdb', observer),
  '-R': (on, observer) => on.hide('routes', observer),
};

interface At {
  readonly observer: string;
  readonly subject: string;
}

/**
 * The observer × subject matrix as a drawing: a row is an observer, and the columns are the subjects
 * in the same order. `.` is right, `-` the node itself; the letters are the tables, capital where the
 * entry is gone, small where it holds something else, `w` where it works until it ages. Behind the
 * observer's name: `?` silent, `!` without a device, `~` with a drifted MAC, `-N` a table not shown.
 *
 *     master1     -  .  .
 *     master2?    .  -  .
 *     master3-R   NF .  -
 */
export function drawn(drawing: string, nodes?: Cluster): Cluster {
  const rows = drawing
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([first = '']) => first !== '');
  const healthy = nodes ?? cluster(rows.length).listed();
  const cells = rows.flatMap(([, ...letters], row) =>
    letters.map((cell, column) => ({
      cell,
      observer: healthy.names[row] ?? '',
      subject: healthy.names[column] ?? '',
    })),
  );
  const damaged = cells.reduce(
    (on, { cell, ...at }) =>
      cell.split('').reduce((sofar, letter) => LETTERS[letter]?.(sofar, at) ?? sofar, on),
    healthy,
  );
  return rows.reduce((on, [name = ''], row) => marked(on, name, healthy.names[row] ?? ''), damaged);
}

function marked(on: Cluster, name: string, observer: string): Cluster {
  const marks = name.slice(observer.length).match(/[?!~]|-[NFR]/g) ?? [];
  if (!name.startsWith(observer)) throw new Error(`the row of ${observer} is named ${name}`);
  return marks.reduce((sofar, mark) => ROW_MARKS[mark]?.(sofar, observer) ?? sofar, on);
}

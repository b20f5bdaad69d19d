import { parser } from '@prometheus-io/lezer-promql';

/** What a query speaks of. */
interface Query {
  /** Whether Prometheus' own grammar, of a version that knows names in quotes, takes it. */
  readonly parses: boolean;
  readonly metrics: readonly string[];
  /** Labels in `by`, `on` and matchers. */
  readonly labels: readonly string[];
}

export function readQuery(expr: string): Query {
  const metrics: string[] = [];
  const labels: string[] = [];
  let parses = true;
  parser.parse(expr).iterate({
    enter({ type, node, from, to }) {
      if (type.isError) parses = false;
      const text = expr.slice(from, to);
      switch (type.name) {
        case 'Identifier':
          metrics.push(text);
          break;
        case 'LabelName':
          labels.push(text);
          break;
        case 'QuotedLabelName':
          // A name in quotes that is compared with nothing is the metric's.
          if (node.parent?.name === 'LabelMatchers') metrics.push(unquoted(text));
          else labels.push(unquoted(text));
          break;
      }
    },
  });
  return { parses, metrics, labels };
}

function unquoted(text: string): string {
  return text.slice(1, -1);
}

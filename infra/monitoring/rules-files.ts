import { stringify } from 'yaml';
import { ruleGroups } from './alerts.ts';
import { GENERATED, type MonitoringOptions } from './options.ts';
import type { Queries } from './queries.ts';

const METADATA = { name: 'vtepwatch', labels: { 'app.kubernetes.io/name': 'vtepwatch' } } as const;

/** A rules file as Prometheus, Mimir and vmalert load it. */
export function rulesFile(queries: Queries, options: MonitoringOptions): string {
  return yamlOf(ruleGroups(queries, options));
}

/** The same for the Prometheus operator. Your Prometheus may select rules by a label of its own. */
export function prometheusRule(queries: Queries, options: MonitoringOptions): string {
  return yamlOf({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: METADATA,
    spec: ruleGroups(queries, options),
  });
}

/** The rules file in a ConfigMap, for a Prometheus or a vmalert that mounts it. */
export function configMap(queries: Queries, options: MonitoringOptions): string {
  return yamlOf({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: METADATA,
    data: { 'vtepwatch.yaml': rulesFile(queries, options) },
  });
}

/** YAML whose lines are not folded, so that an expression can be copied as it is. */
export function yamlOf(document: unknown): string {
  return `# ${GENERATED}\n${stringify(document, { lineWidth: 0 })}`;
}

import { CORE, METRICS, REGISTRATION } from './catalogue.ts';
import type { GroupVersion } from './catalogue.ts';
import { SYSTEM_NAMESPACE, clusterBirth, metadata } from './metadata.ts';
import { METRICS_SERVICE } from './pods.ts';
import { AGE, NAME } from './table.ts';
import type { Column } from './table.ts';

/** What the API servers made of their last attempts to reach the service of an aggregated API. */
export interface Availability {
  readonly available: boolean;
  readonly reason: string;
  readonly message: string;
}

interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

type ApiServiceObject = ReturnType<typeof apiService>;

const LOCAL: Availability = {
  available: true,
  reason: 'Local',
  message: 'Local APIServices are always available',
};

const METRICS_REFERENCE: ServiceReference = {
  namespace: SYSTEM_NAMESPACE,
  name: METRICS_SERVICE,
  port: 443,
};

/** One object for each group version. `now` is in milliseconds since the epoch. */
export function apiServiceObjects(metrics: Availability, now: number): readonly ApiServiceObject[] {
  return [
    apiService(CORE, { now, availability: LOCAL }),
    apiService(REGISTRATION, { now, availability: LOCAL }),
    apiService(METRICS, { now, availability: metrics, service: METRICS_REFERENCE }),
  ];
}

export const API_SERVICE_COLUMNS: readonly Column<ApiServiceObject>[] = [
  NAME,
  {
    name: 'Service',
    cell: ({ spec: { service } }) => (service ? `${service.namespace}/${service.name}` : 'Local'),
  },
  {
    name: 'Available',
    cell: ({ status }) =>
      status.conditions
        .map((condition) =>
          condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason})`,
        )
        .join(),
  },
  AGE,
];

interface Registration {
  readonly now: number;
  readonly availability: Availability;
  readonly service?: ServiceReference;
}

function apiService(
  { group, version }: GroupVersion,
  { now, availability, service }: Registration,
) {
  return {
    metadata: metadata('apiservice', { name: `${version}.${group}` }, now),
    spec: {
      // The JSON of a local API has `"service":null` until Kubernetes 1.17, and since then none.
      service: service ?? null,
      group,
      version,
      ...(service && { insecureSkipTLSVerify: true }),
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
    status: {
      conditions: [
        {
          type: 'Available',
          status: availability.available ? 'True' : 'False',
          lastTransitionTime: clusterBirth(now),
          reason: availability.reason,
          message: availability.message,
        },
      ],
    },
  };
}

/** Prometheus' HTTP API, as far as the lab asks it: https://prometheus.io/docs/prometheus/latest/querying/api/ */
import * as z from 'zod/mini';

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly unixSeconds: number;
  readonly value: number;
}

/** The moments at which a query is reckoned. */
export interface Range {
  readonly from: Date;
  readonly to: Date;
  readonly stepSeconds: number;
}

const ANSWER_MILLISECONDS = 20_000;

const sampleSchema = z.pipe(
  z.tuple([z.number(), z.string()]),
  z.transform(([unixSeconds, value]): Sample => ({ unixSeconds, value: Number(value) })),
);

const labelsSchema = z.record(z.string(), z.string());

const vectorSchema = z.object({
  data: z.object({
    result: z.array(
      z.pipe(
        z.object({ metric: labelsSchema, value: sampleSchema }),
        z.transform(({ metric, value }): Series => ({ labels: metric, samples: [value] })),
      ),
    ),
  }),
});

const matrixSchema = z.object({
  data: z.object({
    result: z.array(
      z.pipe(
        z.object({ metric: labelsSchema, values: z.array(sampleSchema) }),
        z.transform(({ metric, values }): Series => ({ labels: metric, samples: values })),
      ),
    ),
  }),
});

/** The value of each series at one moment. */
export async function query(url: string, promql: string, at: Date): Promise<readonly Series[]> {
  const answer = await post(`${url}/api/v1/query`, { query: promql, time: seconds(at) });
  return vectorSchema.parse(answer).data.result;
}

export async function queryRange(
  url: string,
  promql: string,
  { from, to, stepSeconds }: Range,
): Promise<readonly Series[]> {
  const answer = await post(`${url}/api/v1/query_range`, {
    query: promql,
    start: seconds(from),
    end: seconds(to),
    step: String(stepSeconds),
  });
  return matrixSchema.parse(answer).data.result;
}

/** What an API of this kind answers, as far as it is JSON. */
export async function getJson(url: string): Promise<unknown> {
  return await read(url, await fetch(url, { signal: AbortSignal.timeout(ANSWER_MILLISECONDS) }));
}

async function post(url: string, form: Readonly<Record<string, string>>): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(ANSWER_MILLISECONDS),
  });
  return await read(form['query'] ?? url, response);
}

async function read(what: string, response: Response): Promise<unknown> {
  if (response.ok) return await response.json();
  throw new Error(`asking for ${what}: ${response.status}: ${await response.text()}`);
}

function seconds(moment: Date): string {
  return String(moment.getTime() / 1000);
}

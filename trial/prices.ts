/** What the trial costs, as an estimate: nothing asks AWS for the prices of an account. */

/** USD an hour, on demand, Linux. */
const INSTANCE_USD: Readonly<Record<string, number>> = {
  't3.small': 0.0208,
  't3.medium': 0.0416,
  't3a.small': 0.0188,
  't4g.small': 0.0168,
  't4g.medium': 0.0336,
};

const INSTANCES = 3;
const ADDRESS_USD = 0.005;
const HOURS_A_MONTH = 730;
/** USD a month: 10 GiB of gp3 for each instance, a key of KMS, a secret, ten alarms. */
const MONTHLY_USD = INSTANCES * 10 * 0.08 + 1 + 0.4 + 10 * 0.1;

const SOURCE =
  "list prices of us-east-1 as of 2025, without tax; other Regions cost up to half more, and your account's prices were not looked up";

export interface Estimate {
  /** Undefined where the price of the instance type is not in the table. */
  readonly usdAnHour: number | undefined;
  readonly source: string;
}

export function estimateOf(instanceType: string): Estimate {
  const instance = Object.hasOwn(INSTANCE_USD, instanceType)
    ? INSTANCE_USD[instanceType]
    : undefined;
  const others = INSTANCES * ADDRESS_USD + MONTHLY_USD / HOURS_A_MONTH;
  const sum = instance === undefined ? undefined : INSTANCES * instance + others;
  return { usdAnHour: sum === undefined ? undefined : rounded(sum, 3), source: SOURCE };
}

/** What it came to, by the estimate; each started minute counts. */
export function usdFor({ usdAnHour }: Estimate, milliseconds: number): number | undefined {
  const minutes = Math.ceil(milliseconds / 60_000);
  return usdAnHour === undefined ? undefined : rounded((usdAnHour * minutes) / 60, 2);
}

function rounded(value: number, places: number): number {
  return Number(value.toFixed(places));
}

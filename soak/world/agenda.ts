/** What will happen in the modelled world, in the order of time. */
export class Agenda {
  #now: number;
  #plans: readonly Plan[] = [];

  /** `start` in epoch milliseconds. */
  constructor(start: number) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  /** What lies in the past happens at once, when time next moves on. */
  at(moment: number, happen: () => void): void {
    const place = this.#plans.findLastIndex((plan) => plan.at <= moment) + 1;
    this.#plans = this.#plans.toSpliced(place, 0, { at: moment, happen });
  }

  /** Lets everything happen until then. What happens may plan more. */
  advanceTo(moment: number): void {
    for (;;) {
      const [next, ...later] = this.#plans;
      if (next === undefined || next.at > moment) break;
      this.#plans = later;
      this.#now = Math.max(this.#now, next.at);
      next.happen();
    }
    this.#now = Math.max(this.#now, moment);
  }
}

interface Plan {
  readonly at: number;
  happen(): void;
}

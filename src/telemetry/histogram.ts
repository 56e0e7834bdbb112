import type { CounterLabels, Counters, CounterValue } from "./counters.ts";

export interface HistogramOptions {
  /** Upper bounds of the buckets in ascending order, in the unit that the metric's name states. */
  readonly bounds: readonly number[];
  readonly labels?: CounterLabels;
}

/**
 * Prometheus histogram: the cumulative counters `name`_bucket with the label `le`, and the
 * counters `name`_sum and `name`_count.
 */
export class Histogram {
  readonly #buckets: readonly { readonly bound: number; readonly counter: CounterValue }[];
  readonly #sum: CounterValue;
  readonly #count: CounterValue;

  constructor(counters: Counters, name: string, { bounds, labels = {} }: HistogramOptions) {
    this.#buckets = [...bounds, Infinity].map((bound) => ({
      bound,
      counter: counters.counter(`${name}_bucket`, {
        ...labels,
        le: bound === Infinity ? "+Inf" : String(bound),
      }),
    }));
    this.#sum = counters.counter(`${name}_sum`, labels);
    this.#count = counters.counter(`${name}_count`, labels);
  }

  /** Counts one value. */
  observe(value: number): void {
    for (const { bound, counter } of this.#buckets) if (value <= bound) counter.total++;
    this.#sum.total += value;
    this.#count.total++;
  }
}

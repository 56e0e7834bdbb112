import type { CounterLabels, Counters } from "./counters.ts";

export interface HistogramOptions {
  /** Upper bounds of the buckets, ascending, in the unit of the name. */
  readonly bounds: readonly number[];
  readonly labels?: CounterLabels;
}

/**
 * Counts `value` into the cumulative buckets `name`_bucket with the label `le`, and into
 * `name`_sum and `name`_count, as Prometheus reads a histogram.
 */
export function observe(
  counters: Counters,
  name: string,
  { value, bounds, labels = {} }: HistogramOptions & { readonly value: number },
): void {
  for (const bound of bounds) {
    counters.add(`${name}_bucket`, { ...labels, le: String(bound) }, value <= bound ? 1 : 0);
  }
  counters.add(`${name}_bucket`, { ...labels, le: "+Inf" });
  counters.add(`${name}_sum`, labels, value);
  counters.add(`${name}_count`, labels);
}

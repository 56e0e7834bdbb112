import type { MetricLabels, MetricSample } from "./metric_family.ts";

export interface HistogramOptions {
  /** Upper bounds of the buckets in ascending order, without infinity. */
  readonly bounds: readonly number[];
}

/** Counts values in buckets by their size, as Prometheus expects it. */
export class Histogram {
  readonly #buckets: { readonly bound: number; count: number }[];
  #sum = 0;

  constructor({ bounds }: HistogramOptions) {
    this.#buckets = [...bounds, Infinity].map((bound) => ({ bound, count: 0 }));
  }

  /** Counts one value. */
  observe(value: number): void {
    for (const bucket of this.#buckets) if (value <= bucket.bound) bucket.count++;
    this.#sum += value;
  }

  /** Returns the cumulative buckets with the label `le`, the sum and the number of the values. */
  samples(labels: MetricLabels = {}): readonly MetricSample[] {
    const buckets = this.#buckets.map(({ bound, count }): MetricSample => ({
      labels: { ...labels, le: boundText(bound) },
      value: count,
      part: "bucket",
    }));
    return [
      ...buckets,
      { labels, value: this.#sum, part: "sum" },
      { labels, value: buckets.at(-1)?.value ?? 0, part: "count" },
    ];
  }
}

/** The canonical text of a bound, so that both formats give the same series (OpenMetrics 1.0). */
function boundText(bound: number): string {
  if (bound === Infinity) return "+Inf";
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

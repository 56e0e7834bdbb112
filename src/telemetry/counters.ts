import { Histogram } from "./histogram.ts";
import type { MetricFamily, MetricLabels, MetricSample } from "./metric_family.ts";
import { METRIC_TABLE, type MetricName, type NameOf } from "./metric_table.ts";

export type CounterName = NameOf<"counter">;
export type GaugeName = NameOf<"gauge">;
export type HistogramName = NameOf<"histogram">;

export interface CounterValue {
  readonly name: CounterName | GaugeName;
  readonly labels: MetricLabels;
  readonly kind: "counter" | "gauge";
  total: number;
}

/**
 * Registry of counters, gauges and histograms by name and labels, shared by the whole program and
 * exported on `/metrics`. Their names are the rows of `METRIC_TABLE`.
 *
 * @example
 * ```ts
 * const counters = new Counters();
 * counters.add("dropped_total", { class: "frame", reason: "age" });
 * ```
 */
export class Counters {
  readonly #values = new Map<string, CounterValue>();
  readonly #histograms = new Map<string, NamedHistogram>();

  /** Increments the counter `name` with these labels by `amount`. */
  add(name: CounterName, labels: MetricLabels = {}, amount = 1): void {
    this.counter(name, labels).total += amount;
  }

  /** Returns the counter itself, for callers that increment its `total` often. */
  counter(name: CounterName, labels: MetricLabels = {}): CounterValue {
    return this.#valueOf(name, { labels, kind: "counter" });
  }

  /** Sets a gauge: a value that can go up and down. */
  set(name: GaugeName, amount: number, labels: MetricLabels = {}): void {
    this.#valueOf(name, { labels, kind: "gauge" }).total = amount;
  }

  /** Returns the histogram `name` with these labels. */
  histogram(name: HistogramName, labels: MetricLabels = {}): Histogram {
    const key = keyOf(name, labels);
    let found = this.#histograms.get(key);
    if (!found) {
      found = { name, labels, histogram: new Histogram(METRIC_TABLE[name]) };
      this.#histograms.set(key, found);
    }
    return found.histogram;
  }

  /** Returns the current value, or 0 if nothing was counted yet. */
  get(name: CounterName | GaugeName, labels: MetricLabels = {}): number {
    return this.#values.get(keyOf(name, labels))?.total ?? 0;
  }

  /** Returns all counters and gauges, in the order of their first use. */
  all(): readonly Readonly<CounterValue>[] {
    return [...this.#values.values()];
  }

  /** Returns everything by family, with `labels` added to each sample. */
  families(labels: MetricLabels = {}): readonly MetricFamily[] {
    const families = new Map<MetricName, MetricSample[]>();
    const add = (name: MetricName, samples: readonly MetricSample[]) =>
      families.set(name, [...families.get(name) ?? [], ...samples]);
    for (const { name, labels: own, total } of this.#values.values()) {
      add(name, [{ labels: { ...labels, ...own }, value: total }]);
    }
    for (const { name, labels: own, histogram } of this.#histograms.values()) {
      add(name, histogram.samples({ ...labels, ...own }));
    }
    return [...families].map(([name, samples]) => ({ name, samples }));
  }

  #valueOf(
    name: CounterName | GaugeName,
    { labels, kind }: Pick<CounterValue, "labels" | "kind">,
  ): CounterValue {
    const key = keyOf(name, labels);
    let value = this.#values.get(key);
    if (!value) {
      value = { name, labels, total: 0, kind };
      this.#values.set(key, value);
    }
    return value;
  }
}

interface NamedHistogram {
  readonly name: HistogramName;
  readonly labels: MetricLabels;
  readonly histogram: Histogram;
}

function keyOf(name: string, labels: MetricLabels): string {
  let key = name;
  for (const label of Object.keys(labels).sort()) key += `\u0000${label}\u0000${labels[label]}`;
  return key;
}

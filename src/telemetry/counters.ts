/**
 * Registry of counters and gauges by name and labels, shared by the whole program and exported
 * on `/metrics`.
 *
 * @example
 * ```ts
 * const counters = new Counters();
 * counters.add("dropped_total", { class: "frame", reason: "age" });
 * ```
 */
export class Counters {
  readonly #values = new Map<string, CounterValue>();

  /** Increments the counter `name` with these labels by `amount`. */
  add(name: string, labels: CounterLabels = {}, amount = 1): void {
    this.counter(name, labels).total += amount;
  }

  /** Returns the counter itself, for callers that increment its `total` often. */
  counter(name: string, labels: CounterLabels = {}): CounterValue {
    const key = keyOf(name, labels);
    let value = this.#values.get(key);
    if (!value) {
      value = { name, labels, total: 0, kind: "counter" };
      this.#values.set(key, value);
    }
    return value;
  }

  /** Sets a gauge: a value that can go up and down. */
  set(name: string, amount: number, labels: CounterLabels = {}): void {
    const key = keyOf(name, labels);
    const value = this.#values.get(key);
    if (value) value.total = amount;
    else this.#values.set(key, { name, labels, total: amount, kind: "gauge" });
  }

  /** Returns the current value, or 0 if nothing was counted yet. */
  get(name: string, labels: CounterLabels = {}): number {
    return this.#values.get(keyOf(name, labels))?.total ?? 0;
  }

  /** Returns all counters and gauges, in the order of their first use. */
  all(): readonly Readonly<CounterValue>[] {
    return [...this.#values.values()];
  }
}

export type CounterLabels = Readonly<Record<string, string>>;

export interface CounterValue {
  readonly name: string;
  readonly labels: CounterLabels;
  readonly kind: "counter" | "gauge";
  total: number;
}

function keyOf(name: string, labels: CounterLabels): string {
  let key = name;
  for (const label of Object.keys(labels).sort()) key += `\u0000${label}\u0000${labels[label]}`;
  return key;
}

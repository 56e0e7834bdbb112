import type { MetricName } from "./metric_table.ts";

export type MetricLabels = Readonly<Record<string, string>>;

/** One value of a family. */
export interface MetricSample {
  readonly labels: MetricLabels;
  readonly value: number;
  /** Which part of a histogram it is. @default the value of a counter or gauge */
  readonly part?: "bucket" | "sum" | "count";
}

/** The samples of one row of `METRIC_TABLE`. */
export interface MetricFamily {
  readonly name: MetricName;
  readonly samples: readonly MetricSample[];
}

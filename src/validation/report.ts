import type { Recording, Stratum, StudySummaries, StudySummary } from "./recording.ts";
import type { StepResponse } from "./response.ts";
import { reliability, riskCoverage, type RiskPoint, type Summary } from "./statistics.ts";
import type { Exclusion } from "./study.ts";
import type { Withheld } from "../vitals/withheld.ts";
import { type Vital, VITALS } from "./vital.ts";
import type { ValidationRun, WindowResult } from "./windows.ts";

/** How a report was made. */
export interface Provenance {
  /** The command line. */
  readonly command: string;
  /** Version of the program. */
  readonly version: string;
  /** Time of the measurement (ISO 8601, UTC). */
  readonly generatedAt: string;
}

/** Content of a validation report. */
export interface ValidationReport {
  /** Description of the input, in one line. */
  readonly input: string;
  readonly provenance: Provenance;
  /** Descriptions of the references. */
  readonly references: Readonly<Partial<Record<Vital, string>>>;
  /** The reference devices with their measuring ranges. */
  readonly referenceDevices: readonly string[];
  /** The settings in use, by name. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly recordings: readonly Recording[];
  /** All recordings together. */
  readonly run: ValidationRun;
  readonly summaries: StudySummaries;
  readonly strata: readonly Stratum[];
  /** Response times to steps of the pulse rate. */
  readonly responses: readonly StepResponse[];
  readonly exclusions: readonly Exclusion[];
  /** Accuracy of the pulse on the same samples without the neural network, if one is in use. */
  readonly withoutNetwork?: Summary;
  /** Missed limits, as sentences. */
  readonly missed: readonly string[];
}

/** Points of the risk-coverage curve in the JSON report. */
const MAX_RISK_POINTS = 100;

export const UNIT: Readonly<Record<Vital, string>> = {
  pulse: "beats/min",
  breathing: "breaths/min",
};

/** A statistic in the table, in the JSON report and on the page. */
export interface Statistic {
  readonly key: keyof StudySummary;
  readonly label: string;
  /** `rate`: in 1/min; `share`: a fraction, shown in percent on the page. */
  readonly kind: "count" | "rate" | "share" | "number" | "seconds";
}

/** All statistics, in the order in which they are shown. */
export const STATISTICS: readonly Statistic[] = [
  { key: "n", label: "Windows with a reference", kind: "count" },
  { key: "subjects", label: "Subjects with a published value", kind: "count" },
  { key: "reference_range", label: "Range of the reference", kind: "rate" },
  { key: "coverage", label: "Coverage: windows with a published value", kind: "share" },
  { key: "arms", label: "Arms", kind: "rate" },
  { key: "arms_ci95", label: "95 % confidence interval of the Arms", kind: "rate" },
  { key: "mae", label: "Mean absolute error", kind: "rate" },
  { key: "mape", label: "Mean absolute percentage error", kind: "share" },
  { key: "p95", label: "95th percentile of the absolute error", kind: "rate" },
  { key: "bias", label: "Bias", kind: "rate" },
  { key: "bias_ci95", label: "95 % confidence interval of the bias", kind: "rate" },
  { key: "limits_of_agreement", label: "95 % limits of agreement", kind: "rate" },
  { key: "within_subject_sd", label: "SD of the differences within subjects", kind: "rate" },
  { key: "between_subject_sd", label: "SD of the differences between subjects", kind: "rate" },
  { key: "within_3", label: "Within 3/min", kind: "share" },
  { key: "within_10_percent_or_5", label: "Within 10 % or 5/min", kind: "share" },
  { key: "confident", label: "Estimates with a confidence of 0.70 or more", kind: "count" },
  { key: "confident_errors_10", label: "Confident errors over 10/min", kind: "share" },
  { key: "confident_errors_15", label: "Confident errors over 15/min", kind: "share" },
  { key: "pearson_r", label: "Pearson's r", kind: "number" },
  { key: "calibration_error", label: "Expected calibration error", kind: "number" },
  { key: "aurc", label: "Area under the risk-coverage curve", kind: "number" },
  { key: "first_value_s", label: "Time to the first value", kind: "seconds" },
];

/** Returns the report as JSON; an unknown value is null, so that every key is always present. */
export function reportJson(report: ValidationReport): string {
  const { input, provenance, references, settings, run, summaries, missed } = report;
  const { recordings, strata, withoutNetwork } = report;
  const vital = (name: Vital) => ({
    ...statisticsOf(summaries[name]),
    // The same value under its other name.
    rmse: roundAll(summaries[name].arms),
    published: summaries[name].published,
    windows: summaries[name].windows,
    withheld: countReasons(run[name].windows),
    reliability: reliability(run[name].windows, name),
    risk_coverage: thin(riskCoverage(run[name].windows, name)),
  });
  const both = (each: StudySummaries) =>
    Object.fromEntries(VITALS.map((name) => [name, statisticsOf(each[name])]));
  return JSON.stringify(
    {
      input,
      command: provenance.command,
      version: provenance.version,
      generated_at: provenance.generatedAt,
      references,
      reference_devices: report.referenceDevices,
      settings,
      seconds: roundAll(run.seconds),
      frames: run.samples,
      conditions: Object.fromEntries(run.conditions),
      pulse: vital("pulse"),
      breathing: vital("breathing"),
      ...(withoutNetwork ? { pulse_without_network: statisticsOf(withoutNetwork) } : {}),
      response_times: report.responses.map(responseOf),
      strata: strata.map(({ name, value, recordings, subjects, summaries }) => ({
        name,
        value,
        recordings,
        subjects,
        ...both(summaries),
      })),
      recordings: recordings.map(({ name, subject, strata, run }) => ({
        name,
        subject,
        strata,
        seconds: roundAll(run.seconds),
        pulse: run.pulse.windows,
        breathing: run.breathing.windows,
      })),
      exclusions: report.exclusions,
      missed,
    },
    null,
    2,
  ) + "\n";
}

/** A response by the keys of the JSON report; ranges are [least, mean, greatest] in seconds. */
function responseOf(response: StepResponse) {
  const { from, to, steps, reached, to63Percent, toNewRate, wrongValue } = response;
  const range = (times: StepResponse["toNewRate"]) =>
    times ? roundAll([times.least, times.mean, times.greatest]) : null;
  return {
    from,
    to,
    steps,
    reached,
    to_63_percent_s: range(to63Percent),
    to_new_rate_s: range(toNewRate),
    wrong_value_s: range(wrongValue),
  };
}

function statisticsOf(summary: Partial<StudySummary>): Record<string, unknown> {
  return Object.fromEntries(STATISTICS.map(({ key }) => [key, roundAll(summary[key])]));
}

function roundAll(value: number | readonly number[] | undefined): unknown {
  if (value === undefined) return null;
  const round = (each: number) => Number(each.toFixed(6));
  return typeof value === "number" ? round(value) : value.map(round);
}

/** Returns points at about equal distances, with the first and the last one. */
function thin(points: readonly RiskPoint[]): RiskPoint[] {
  const stride = Math.max(1, points.length / MAX_RISK_POINTS);
  return points.filter((_, k) =>
    k === points.length - 1 || Math.floor(k / stride) !== Math.floor((k - 1) / stride)
  );
}

/** Counts the windows of each reason for which a value was withheld. */
export function countReasons(
  windows: readonly WindowResult[],
): Partial<Record<Withheld, number>> {
  const counts: Partial<Record<Withheld, number>> = {};
  for (const { withheld } of windows) {
    if (withheld) counts[withheld] = (counts[withheld] ?? 0) + 1;
  }
  return counts;
}

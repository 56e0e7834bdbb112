import { extent, median } from "../base/statistics.ts";
import { hasReference, type Recording, type Stratum, type StudySummary } from "./recording.ts";
import { countReasons, STATISTICS, UNIT, type ValidationReport } from "./report.ts";
import type { StepResponse, TimeRange } from "./response.ts";
import { type Vital, VITALS } from "./vital.ts";
import type { WindowResult } from "./windows.ts";

/** Statistics of the pulse for each stratum. */
const STRATUM_KEYS = ["n", "coverage", "arms", "within_3", "confident_errors_10"] as const;

/** Returns the report as text for a terminal; without a reference, three lines per recording. */
export function reportText(report: ValidationReport): string {
  const { recordings, missed, exclusions } = report;
  const ending = [
    ...exclusions.map(({ recording, reason }) => `Excluded: ${recording}: ${reason}`),
    ...missed.map((sentence) => `Limit missed: ${sentence}`),
  ];
  return recordings.some(hasReference)
    ? [...accuracyLines(report), ...ending].join("\n")
    : [...recordings.flatMap(vitalsLines), ...(recordings.length === 1 ? [] : ending)].join("\n");
}

function accuracyLines(report: ValidationReport): string[] {
  const { input, references, referenceDevices, run, summaries, withoutNetwork } = report;
  const columns: readonly (readonly [string, Partial<StudySummary>])[] = [
    ...VITALS.map((vital) => [vital, summaries[vital]] as const),
    ...(withoutNetwork ? [["pulse (no network)", withoutNetwork] as const] : []),
  ];
  return [
    `${input}: ${run.seconds.toFixed(1)} s, ${run.samples} frames`,
    ...VITALS.flatMap((vital) =>
      references[vital] ? [`${vital} reference: ${references[vital]}`] : []
    ),
    ...referenceDevices.map((device) => `reference device: ${device}`),
    "",
    ...alignedRows([
      ["", ...columns.map(([name]) => name)],
      ...STATISTICS.map(({ key }) => [
        key,
        ...columns.map(([, summary]) => formatValue(summary[key])),
      ]),
    ]),
    ...responseLines(report.responses),
    ...strataLines(report.strata),
    "",
    ...VITALS.map((vital) => `${vital}: ${publishedLine(run[vital].windows)}`),
    `conditions: ${formatCounts(run.conditions)}`,
  ];
}

function responseLines(responses: readonly StepResponse[]): string[] {
  if (!responses.length) return [];
  return [
    "",
    "Response time of the heart rate meter to a change in heart rate, s (IEC 60601-2-27)",
    ...alignedRows([
      ["", "to 63 % of the step", "to the new rate", "wrong until"],
      ...responses.map((response) => [
        describeStep(response),
        formatTimes(response.to63Percent),
        formatTimes(response.toNewRate),
        formatTimes(response.wrongValue),
      ]),
    ]),
  ];
}

function strataLines(strata: readonly Stratum[]): string[] {
  if (!strata.length) return [];
  return [
    "",
    ...alignedRows([
      ["pulse by stratum", ...STRATUM_KEYS],
      ...strata.map(({ name, value, summaries: { pulse } }) => [
        `${name}: ${value || "not stated"}`,
        ...STRATUM_KEYS.map((key) => formatValue(pulse[key])),
      ]),
    ]),
  ];
}

/** Three lines: what was measured, the pulse and the breathing. */
function vitalsLines({ name, run }: Recording): string[] {
  return [
    `${name}: ${run.seconds.toFixed(1)} s, ${run.samples} frames, ${formatCounts(run.conditions)}`,
    ...VITALS.map((vital) => `${vital}: ${vitalLine(run[vital].windows, vital)}`),
  ];
}

/** Describes the published values: their median, their range, and how many windows have one. */
export function vitalLine(windows: readonly WindowResult[], vital: Vital): string {
  if (!windows.length) return "no value, the clip is shorter than a window";
  const values = windows.flatMap(({ strict }) => strict ?? []);
  if (!values.length) return `no value, ${publishedLine(windows)}`;
  const [low, high] = extent(values).map((value) => value.toFixed(1));
  return `${median(values).toFixed(1)} ${UNIT[vital]}, ${low} to ${high}, ${
    publishedLine(windows)
  }`;
}

/** Describes in how many windows a value was published, and why not in the others. */
export function publishedLine(windows: readonly WindowResult[]): string {
  const published = windows.filter(({ strict }) => strict !== undefined).length;
  const reasons = countReasons(windows);
  const withheld = Object.keys(reasons).length
    ? `, withheld: ${formatCounts(new Map(Object.entries(reasons)))}`
    : "";
  return `published in ${published} of ${windows.length} windows${withheld}`;
}

export function formatCounts(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${name} ${count}`).join(", ") || "nothing";
}

/** Formats a number or an interval; `-` if it is not known. */
export function formatValue(value: number | readonly number[] | undefined, digits = 3): string {
  if (value === undefined) return "-";
  if (typeof value !== "number") {
    return value.map((each) => formatValue(each, Math.min(2, digits))).join(" to ");
  }
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}

/** Names a step as IEC 60601-2-27 does. */
export function describeStep({ from, to, steps, reached }: StepResponse): string {
  const missed = reached < steps ? `, ${steps - reached} of ${steps} not reached` : "";
  return `${from} to ${to}${missed}`;
}

/** Formats times as an average with its range, or one time if there is only one. */
export function formatTimes(times: TimeRange | undefined): string {
  if (!times) return "-";
  const { least, mean, greatest } = times;
  const range = [least.toFixed(1), greatest.toFixed(1)];
  return range[0] === range[1] ? range[0]! : `${mean.toFixed(1)} (${range.join(" to ")})`;
}

/** Returns the lines of a table, with the columns aligned. */
function alignedRows(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]!.length)) + 3
  );
  return rows.map((cells) =>
    cells.map((cell, column) => cell.padEnd(widths[column]!)).join("").trimEnd()
  );
}

import { extent, median } from "../base/statistics.ts";
import { type Agreement, agreementOf, type Interval } from "./agreement.ts";
import { summarize, type Summary } from "./statistics.ts";
import { type Vital, VITALS } from "./vital.ts";
import type { ValidationRun, VitalRun, WindowResult } from "./windows.ts";

/** One measured recording. */
export interface Recording {
  readonly name: string;
  /** The person; windows of the same person are not independent. */
  readonly subject: string;
  /** The value of each stratum by its name, such as the skin tone or the light. */
  readonly strata: Readonly<Record<string, string>>;
  readonly run: ValidationRun;
  /** Missed or excluded parts of this recording, as sentences. */
  readonly exclusions: readonly string[];
}

/** Accuracy of one vital sign over all recordings, by the keys of the JSON report. */
export interface StudySummary extends Summary, Agreement {
  /** Least and greatest reference of a window, in 1/min. */
  readonly reference_range?: Interval;
}

export type StudySummaries = Readonly<Record<Vital, StudySummary>>;

/** The recordings with one value of a stratum. */
export interface Stratum {
  readonly name: string;
  readonly value: string;
  readonly recordings: number;
  readonly subjects: number;
  readonly summaries: StudySummaries;
}

/** Joins the windows of several runs; the time to the first value is their median. */
export function pool(runs: readonly ValidationRun[]): ValidationRun {
  const conditions = new Map<string, number>();
  for (const [name, count] of runs.flatMap((run) => [...run.conditions])) {
    conditions.set(name, (conditions.get(name) ?? 0) + count);
  }
  const poolVital = (vital: Vital): VitalRun => {
    const first = runs.flatMap((run) => run[vital].firstValueS ?? []);
    return {
      windows: runs.flatMap((run) => run[vital].windows),
      ...(first.length ? { firstValueS: median(first) } : {}),
    };
  };
  return {
    pulse: poolVital("pulse"),
    breathing: poolVital("breathing"),
    startS: Math.min(...runs.map(({ startS }) => startS)),
    seconds: runs.reduce((sum, { seconds }) => sum + seconds, 0),
    samples: runs.reduce((sum, { samples }) => sum + samples, 0),
    conditions,
  };
}

/** Summarizes the accuracy of both vital signs over all recordings. */
export function summarizeRecordings(recordings: readonly Recording[]): StudySummaries {
  const summaryOf = (vital: Vital): StudySummary => {
    const { windows, ...rest } = pool(recordings.map(({ run }) => run))[vital];
    const references = windows.flatMap(({ reference }) => reference ?? []);
    return {
      ...summarize({ windows, ...rest }, vital),
      ...agreementOf(windowsBySubject(recordings, vital)),
      ...(references.length ? { reference_range: extent(references) } : {}),
    };
  };
  return { pulse: summaryOf("pulse"), breathing: summaryOf("breathing") };
}

/** Summarizes the recordings by each stratum, in the order of their first appearance. */
export function stratify(recordings: readonly Recording[]): Stratum[] {
  const names = new Set(recordings.flatMap(({ strata }) => Object.keys(strata)));
  return [...names].flatMap((name) => {
    const groups = Map.groupBy(recordings, ({ strata }) => strata[name] ?? "");
    return [...groups].map(([value, members]): Stratum => ({
      name,
      value,
      recordings: members.length,
      subjects: subjectsOf(members),
      summaries: summarizeRecordings(members),
    }));
  });
}

/** Number of persons in the recordings. */
export function subjectsOf(recordings: readonly Recording[]): number {
  return new Set(recordings.map(({ subject }) => subject)).size;
}

/** True if a window of any recording has a reference. */
export function hasReference({ run }: Recording): boolean {
  return VITALS.some((vital) =>
    run[vital].windows.some(({ reference }) => reference !== undefined)
  );
}

/** Returns the windows of each subject. */
export function windowsBySubject(
  recordings: readonly Recording[],
  vital: Vital,
): ReadonlyMap<string, readonly WindowResult[]> {
  const groups = Map.groupBy(recordings, ({ subject }) => subject);
  return new Map([...groups].map(([subject, members]) => [
    subject,
    members.flatMap(({ run }) => run[vital].windows),
  ]));
}

import { hasReference, type StudySummary } from "./recording.ts";
import { UNIT, type ValidationReport } from "./report.ts";
import { formatTimes, vitalLine } from "./report_text.ts";
import { VITALS } from "./vital.ts";

/** Returns the results in sentences, to be copied into a document. */
export function reportSummary(report: ValidationReport): string {
  const { input, provenance, recordings, responses, run, summaries } = report;
  return [
    `physiology_server ${provenance.version}, ${provenance.generatedAt}. ${input}.`,
    ...VITALS.map((vital) => {
      const name = vital === "pulse" ? "Pulse" : "Breathing";
      const text = recordings.some(hasReference)
        ? sentences(summaries[vital], UNIT[vital])
        : vitalLine(run[vital].windows, vital);
      return `${name}: ${text}.`;
    }),
    ...responses.map((response) =>
      `Response time to a change in heart rate, ${response.from} to ${response.to} beats/min: ` +
      (response.toNewRate
        ? `${formatTimes(response.toNewRate)} s to the new rate`
        : "the new rate was not published") +
      (response.reached < response.steps
        ? `, after ${response.reached} of ${response.steps} steps.`
        : ".")
    ),
    ...report.strata.flatMap(({ name, value, summaries: { pulse } }) =>
      pulse.n
        ? [`${name} ${value || "not stated"}: pulse ${sentences(pulse, UNIT.pulse, true)}.`]
        : []
    ),
  ].join("\n");
}

/** Describes the accuracy in one line; `short` names only coverage, Arms and confident errors. */
function sentences(summary: StudySummary, unit: string, short = false): string {
  const { n, subjects, coverage, arms, arms_ci95, bias, limits_of_agreement } = summary;
  if (!n) return "no reference";
  if (arms === undefined) return `no published value in ${n} windows with a reference`;
  const percent = (share: number | undefined) =>
    share === undefined ? "unknown" : `${(100 * share).toFixed(1)} %`;
  const interval = arms_ci95
    ? `95 % CI ${arms_ci95[0].toFixed(2)} to ${arms_ci95[1].toFixed(2)}, `
    : "";
  const main = `Arms ${arms.toFixed(2)} ${unit} (${interval}${subjects} ${
    subjects === 1 ? "subject" : "subjects"
  }), coverage ${percent(coverage)} of ${n} windows`;
  const errors = `confident errors over 10/min ${percent(summary.confident_errors_10)}`;
  if (short) return `${main}, ${errors}`;
  const limits = limits_of_agreement
    ? `, limits of agreement ${limits_of_agreement[0].toFixed(2)} to ${
      limits_of_agreement[1].toFixed(2)
    }`
    : "";
  return [
    main,
    `bias ${bias?.toFixed(2)}${limits}`,
    `MAPE ${percent(summary.mape)}`,
    `within 3/min ${percent(summary.within_3)}`,
    `within 10 % or 5/min ${percent(summary.within_10_percent_or_5)}`,
    `${errors}, over 15/min ${percent(summary.confident_errors_15)}`,
  ].join("; ");
}

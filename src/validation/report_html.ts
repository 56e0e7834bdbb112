import {
  blandAltman,
  identityChart,
  reliabilityCurve,
  riskCoverageCurve,
  timeChart,
} from "./charts.ts";
import { escapeCells, escapeHtml, table } from "./html_table.ts";
import { type Stratum, type StudySummary, subjectsOf } from "./recording.ts";
import { type Statistic, STATISTICS, UNIT, type ValidationReport } from "./report.ts";
import { DEFINITIONS, DISCLAIMER } from "./definitions.ts";
import { STYLE } from "./report_style.ts";
import { reportSummary } from "./report_summary.ts";
import {
  describeStep,
  formatCounts,
  formatTimes,
  formatValue,
  publishedLine,
  vitalLine,
} from "./report_text.ts";
import { CONFIDENT, reliability, riskCoverage, summarize, TOLERANCE } from "./statistics.ts";
import { type Vital, VITALS } from "./vital.ts";

const NAME: Readonly<Record<Vital, string>> = { pulse: "Pulse", breathing: "Breathing" };

/** Returns the report as one HTML page without external resources. */
export function reportHtml(report: ValidationReport): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Validation: ${escapeHtml(report.input)}</title>
<style>${STYLE}</style>
${cover(report)}
${results(report)}
${VITALS.map((vital) => section(report, vital)).join("\n")}
${responses(report)}
${strata(report)}
${recordings(report)}
${exclusions(report)}
<h2>Definitions</h2>
${table(["Term", "Definition"], DEFINITIONS.map((cells) => cells.map(escapeHtml)))}
<h2>Settings</h2>
${table(["Setting", "Value"], Object.entries(report.settings).map((cells) => escapeCells(cells)))}
<p class="note">${escapeHtml(DISCLAIMER)}</p>
</html>
`;
}

function cover(report: ValidationReport): string {
  const { input, provenance, references, referenceDevices, run, missed } = report;
  const rows: readonly (readonly [string, string])[] = [
    ["Date", escapeHtml(provenance.generatedAt)],
    ["Version", `physiology_server ${escapeHtml(provenance.version)}`],
    ["Command", `<code>${escapeHtml(provenance.command)}</code>`],
    ["Input", escapeHtml(input)],
    [
      "Measured",
      `${count(report.recordings.length, "recording")} of ` +
      `${count(subjectsOf(report.recordings), "subject")}, ` +
      `${run.seconds.toFixed(1)} s, ${run.samples} frames`,
    ],
    ...VITALS.map((vital) =>
      [`Reference, ${vital}`, escapeHtml(references[vital] ?? "none")] as const
    ),
    ...referenceDevices.map((device) => ["Reference device", escapeHtml(device)] as const),
    ["Conditions of the image", escapeHtml(formatCounts(run.conditions))],
    [
      "Excluded",
      report.exclusions.length ? `${report.exclusions.length}, listed below` : "nothing",
    ],
    [
      "Limits",
      missed.length
        ? `<ul class="missed">${missed.map((m) => `<li>${escapeHtml(m)}`).join("")}</ul>`
        : "none missed",
    ],
  ];
  return `<header class="cover-page">
<h1>Validation of pulse and breathing from a camera</h1>
<dl class="cover">${
    rows.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("\n")
  }</dl>
<h2>Summary</h2>
<p class="hint">A click selects the text to copy it.</p>
<pre class="copy">${escapeHtml(reportSummary(report))}</pre>
<p class="note">${escapeHtml(DISCLAIMER)}</p>
</header>`;
}

/** The statistics of each vital sign with a reference, in columns; rows without any are left out. */
function results({ summaries, withoutNetwork }: ValidationReport): string {
  const columns: readonly (readonly [string, Partial<StudySummary>])[] = [
    ...VITALS.flatMap((vital) =>
      summaries[vital].n ? [[`${NAME[vital]}, ${UNIT[vital]}`, summaries[vital]] as const] : []
    ),
    ...(withoutNetwork ? [["Pulse without the network", withoutNetwork] as const] : []),
  ];
  if (!columns.length) return "";
  const rows = STATISTICS.flatMap(({ key, label, kind }) =>
    columns.some(([, summary]) => summary[key] !== undefined)
      ? [[
        escapeHtml(label),
        ...columns.map(([, summary]) => formatStatistic(summary, { key, kind })),
      ]]
      : []
  );
  const note = columns.some(([, { arms_ci95 }]) => arms_ci95)
    ? ""
    : '<p class="note">A confidence interval needs recordings of two subjects or more.</p>';
  return `<section class="results"><h2>Results</h2>
${table(["Statistic", ...columns.map(([name]) => name)], rows)}${note}</section>`;
}

function section(report: ValidationReport, vital: Vital): string {
  const { references, run, recordings } = report;
  const { windows } = run[vital];
  const figures = charts(report, vital).map(([svg, caption]) =>
    `<figure>${svg}<figcaption>${escapeHtml(caption)}</figcaption></figure>`
  );
  const rows = windows.map(({ endS, reference, strict, rate, confidence, withheld }) => [
    endS.toFixed(1),
    ...[reference, strict, rate, confidence].map((value) => formatValue(value, 2)),
    withheld ?? "",
  ]);
  return `<section class="vital"><h2>${NAME[vital]}, ${UNIT[vital]}</h2>
<p>Reference: ${escapeHtml(references[vital] ?? "none")}.
Tolerance: ±${TOLERANCE[vital]}/min. Values ${escapeHtml(publishedLine(windows))}.</p>
${figures.length ? `<div class="charts">${figures.join("\n")}</div>` : ""}
${
    recordings.length === 1
      ? `<details><summary>${windows.length} windows</summary>
${
        table(
          ["end, s", "reference", "published", "estimate", "confidence", "withheld"],
          rows,
        )
      }</details>`
      : ""
  }</section>`;
}

function charts(report: ValidationReport, vital: Vital): [svg: string, caption: string][] {
  const { windows } = report.run[vital];
  const { bias, limits_of_agreement } = report.summaries[vital];
  const [unit, tolerance] = [UNIT[vital], TOLERANCE[vital]];
  const all: [string, string][] = [
    report.recordings.length === 1
      ? [timeChart(windows, unit), "Published values and the reference over time."]
      : [identityChart(windows, { unit, tolerance }), "Published values over their references."],
    [
      bias !== undefined && limits_of_agreement
        ? blandAltman(windows, {
          unit,
          limits: { bias, low: limits_of_agreement[0], high: limits_of_agreement[1] },
        })
        : "",
      "Bland-Altman plot with limits of agreement for repeated measures.",
    ],
    [
      reliabilityCurve(reliability(windows, vital)),
      "Reliability of the confidence, of published and withheld estimates.",
    ],
    [
      riskCoverageCurve(riskCoverage(windows, vital), { tolerance, confident: CONFIDENT }),
      "Risk-coverage curve, of published and withheld estimates.",
    ],
  ];
  return all.filter(([svg]) => svg);
}

function responses({ responses }: ValidationReport): string {
  if (!responses.length) return "";
  return `<h2>Response time of the heart rate meter to a change in heart rate</h2>
<p>Time in seconds from the step of the simulated pulse, as IEC 60601-2-27 (201.7.9.2.9.101 b) 5)
asks to disclose it: the average and the range of all equal steps.</p>
${
    table(
      ["Step, beats/min", "Steps", "To 63 % of the step", "To the new rate", "Wrong value until"],
      responses.map((response) => [
        describeStep(response),
        String(response.steps),
        formatTimes(response.to63Percent),
        formatTimes(response.toNewRate),
        formatTimes(response.wrongValue),
      ]),
    )
  }`;
}

/** Keys and headings of the statistics for each stratum. */
const STRATUM_COLUMNS = [
  ["n", "Windows"],
  ["coverage", "Coverage"],
  ["arms", "Arms"],
  ["arms_ci95", "95 % CI"],
  ["bias", "Bias"],
  ["within_3", "Within 3"],
  ["confident_errors_10", "Confident errors over 10"],
  ["calibration_error", "Calibration error"],
] as const satisfies readonly (readonly [keyof StudySummary, string])[];

function strata({ strata }: ValidationReport): string {
  const ofVital = (name: string, members: readonly Stratum[], vital: Vital) => {
    if (!members.some(({ summaries }) => summaries[vital].n)) return "";
    return `<h3>${escapeHtml(name)}: ${vital}, ${UNIT[vital]}</h3>
${
      table(
        [name, "Recordings", "Subjects", ...STRATUM_COLUMNS.map(([, heading]) => heading)].map(
          escapeHtml,
        ),
        members.map(({ value, recordings, subjects, summaries }) => [
          escapeHtml(value || "not stated"),
          String(recordings),
          String(subjects),
          ...STRATUM_COLUMNS.map(([key]) => formatStatistic(summaries[vital], statisticOf(key))),
        ]),
      )
    }`;
  };
  const groups = [...Map.groupBy(strata, ({ name }) => name)];
  const tables = groups.flatMap(([name, members]) =>
    VITALS.map((vital) => ofVital(name, members, vital))
  ).filter(Boolean);
  return tables.length ? `<h2>Results by stratum</h2>\n${tables.join("\n")}` : "";
}

/** Keys and headings of the statistics for each recording. */
const RECORDING_COLUMNS = [
  ["coverage", "coverage"],
  ["arms", "Arms"],
  ["bias", "bias"],
  ["within_3", "within 3"],
] as const satisfies readonly (readonly [keyof StudySummary, string])[];

function recordings({ recordings, summaries }: ValidationReport): string {
  if (recordings.length < 2) return "";
  const compared = VITALS.filter((vital) => summaries[vital].n > 0);
  const headings = compared.length
    ? compared.flatMap((vital) => RECORDING_COLUMNS.map(([, name]) => `${NAME[vital]}: ${name}`))
    : VITALS.map((vital) => NAME[vital]);
  const rows = recordings.map(({ name, subject, strata, run }) => [
    ...escapeCells([name, subject, Object.values(strata).join(", "), run.seconds.toFixed(1)]),
    ...compared.flatMap((vital) => {
      const summary = summarize(run[vital], vital);
      return RECORDING_COLUMNS.map(([key]) => formatStatistic(summary, statisticOf(key)));
    }),
    ...(compared.length ? [] : VITALS.map((vital) => vitalLine(run[vital].windows, vital))),
  ]);
  return `<h2>Recordings</h2>
${table(["Recording", "Subject", "Strata", "Duration, s", ...headings], rows)}`;
}

function exclusions({ exclusions }: ValidationReport): string {
  const rows = exclusions.map(({ recording, reason }) => escapeCells([recording, reason]));
  return `<h2>Exclusions</h2>
${
    rows.length
      ? table(["Recording", "Reason"], rows)
      : "<p>No recording and no window was excluded.</p>"
  }`;
}

function formatStatistic(
  summary: Partial<StudySummary>,
  { key, kind }: Pick<Statistic, "key" | "kind">,
): string {
  const value = summary[key];
  if (kind === "share" && typeof value === "number") return `${(100 * value).toFixed(1)} %`;
  const text = formatValue(value, kind === "rate" ? 2 : kind === "seconds" ? 1 : 3);
  return kind === "seconds" && value !== undefined ? `${text} s` : text;
}

function statisticOf(key: keyof StudySummary): Statistic {
  return STATISTICS.find((statistic) => statistic.key === key)!;
}

function count(number: number, name: string): string {
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}

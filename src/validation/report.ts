import type { Withheld } from "../vitals/withheld.ts";
import { blandAltman, reliabilityCurve, timeChart } from "./charts.ts";
import { reliability, type Summary, TOLERANCE } from "./statistics.ts";
import { type Vital, VITALS } from "./vital.ts";
import type { ValidationRun, WindowResult } from "./windows.ts";

/** Content of a validation report. */
export interface ValidationReport {
  /** Description of the input, in one line. */
  readonly input: string;
  /** Descriptions of the references. */
  readonly references: Readonly<Partial<Record<Vital, string>>>;
  /** The settings in use, by name. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly run: ValidationRun;
  readonly summaries: Readonly<Record<Vital, Summary>>;
  /** Accuracy of the pulse on the same samples without the neural network, if one is in use. */
  readonly withoutNetwork?: Summary;
  /** Missed limits, as sentences. */
  readonly missed: readonly string[];
}

/** Statistics in the table and in the JSON report, in this order. */
const STATISTICS = [
  "n",
  "coverage",
  "mae",
  "rmse",
  "p95",
  "pearson_r",
  "within_3",
  "calibration_error",
  "first_value_s",
] as const satisfies readonly (keyof Summary)[];

const UNIT: Readonly<Record<Vital, string>> = { pulse: "beats/min", breathing: "breaths/min" };

/** Returns the report as JSON; an unknown value is null, so that every key is always present. */
export function reportJson(report: ValidationReport): string {
  const { input, references, settings, run, summaries, withoutNetwork, missed } = report;
  const vital = (name: Vital) => {
    const summary = summaries[name];
    return {
      ...statisticsOf(summary),
      bias: round(summary.bias) ?? null,
      published: summary.published,
      windows: summary.windows,
      withheld: countReasons(run[name].windows),
      reliability: reliability(run[name].windows, name),
    };
  };
  return JSON.stringify(
    {
      input,
      references,
      settings,
      seconds: round(run.seconds),
      frames: run.samples,
      conditions: Object.fromEntries(run.conditions),
      pulse: vital("pulse"),
      breathing: vital("breathing"),
      ...(withoutNetwork ? { pulse_without_network: statisticsOf(withoutNetwork) } : {}),
      missed,
    },
    null,
    2,
  ) + "\n";
}

function statisticsOf(summary: Summary): Record<string, number | null> {
  return Object.fromEntries(STATISTICS.map((name) => [name, round(summary[name]) ?? null]));
}

/** Returns the report as text for a terminal. */
export function reportText(report: ValidationReport): string {
  const { input, references, run, summaries, withoutNetwork, missed } = report;
  const columns: readonly (readonly [string, Summary])[] = [
    ...VITALS.map((vital) => [vital, summaries[vital]] as const),
    ...(withoutNetwork ? [["pulse (no network)", withoutNetwork] as const] : []),
  ];
  const lines = [
    `${input}: ${run.seconds.toFixed(1)} s, ${run.samples} frames`,
    ...VITALS.flatMap((vital) =>
      references[vital] ? [`${vital} reference: ${references[vital]}`] : []
    ),
    "",
    ["", ...columns.map(([name]) => name)].map((cell) => cell.padEnd(20)).join("").trimEnd(),
    ...STATISTICS.map((name) =>
      [name, ...columns.map(([, summary]) => cell(summary[name]))]
        .map((text) => text.padEnd(20)).join("").trimEnd()
    ),
    "",
    ...VITALS.map((vital) => `${vital}: ${publishedLine(run[vital].windows)}`),
    `conditions: ${formatCounts(run.conditions)}`,
    ...missed.map((sentence) => `Limit missed: ${sentence}`),
  ];
  return lines.join("\n");
}

/** Returns the report as one HTML page without external resources. */
export function reportHtml(report: ValidationReport): string {
  const { input, settings, run, missed } = report;
  const rows = Object.entries(settings).map(([name, value]) =>
    `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(String(value))}</td></tr>`
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Validation: ${escapeHtml(input)}</title>
<style>${STYLE}</style>
<h1>Validation</h1>
<p>${escapeHtml(input)}: ${run.seconds.toFixed(1)} s, ${run.samples} frames.
Conditions: ${escapeHtml(formatCounts(run.conditions))}.</p>
${
    missed.length
      ? `<ul class="missed">${missed.map((m) => `<li>${escapeHtml(m)}`).join("")}</ul>`
      : ""
  }
${VITALS.map((vital) => section(report, vital)).join("\n")}
<h2>Settings</h2><table>${rows.join("")}</table>
<p class="note">This is not a medical device: its values are for wellness and research, and must not
be used for diagnosis or treatment.</p>
</html>
`;
}

function section(report: ValidationReport, vital: Vital): string {
  const { references, run, summaries, withoutNetwork } = report;
  const { windows } = run[vital];
  const compared = vital === "pulse" ? withoutNetwork : undefined;
  const statistics = [
    ...(compared ? ["<tr><th></th><th>with network</th><th>without</th></tr>"] : []),
    ...STATISTICS.map((name) =>
      `<tr><th>${name}</th><td>${cell(summaries[vital][name])}</td>` +
      `${compared ? `<td>${cell(compared[name])}</td>` : ""}</tr>`
    ),
  ];
  const charts = [
    timeChart(windows, UNIT[vital]),
    blandAltman(windows, UNIT[vital]),
    reliabilityCurve(reliability(windows, vital)),
  ].filter(Boolean).map((svg) => `<figure>${svg}</figure>`);
  const rows = windows.map(({ endS, reference, strict, rate, confidence, withheld }) =>
    `<tr><td>${endS.toFixed(1)}</td>` +
    [reference, strict, rate, confidence].map((value) => `<td>${cell(value, 2)}</td>`).join("") +
    `<td>${withheld ?? ""}</td></tr>`
  );
  return `<h2>${vital === "pulse" ? "Pulse" : "Breathing"}, ${UNIT[vital]}</h2>
<p>Reference: ${escapeHtml(references[vital] ?? "none")}.
Tolerance: ±${TOLERANCE[vital]}/min. Values ${escapeHtml(publishedLine(windows))}.</p>
<table>${statistics.join("")}</table>
<div class="charts">${charts.join("")}</div>
<details><summary>${windows.length} windows</summary><table>
<tr><th>end, s</th><th>reference</th><th>published</th><th>estimate</th><th>confidence</th><th>withheld</th></tr>
${rows.join("\n")}</table></details>`;
}

function publishedLine(windows: readonly WindowResult[]): string {
  const published = windows.filter(({ strict }) => strict !== undefined).length;
  const reasons = countReasons(windows);
  const withheld = Object.keys(reasons).length
    ? `, withheld: ${formatCounts(new Map(Object.entries(reasons)))}`
    : "";
  return `published in ${published} of ${windows.length} windows${withheld}`;
}

function countReasons(windows: readonly WindowResult[]): Partial<Record<Withheld, number>> {
  const counts: Partial<Record<Withheld, number>> = {};
  for (const { withheld } of windows) {
    if (withheld) counts[withheld] = (counts[withheld] ?? 0) + 1;
  }
  return counts;
}

function formatCounts(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${name} ${count}`).join(", ") || "nothing";
}

function cell(value: number | undefined, digits = 3): string {
  if (value === undefined) return "-";
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}

function round(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(6));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.15rem .8rem .15rem 0;text-align:left;border-bottom:1px solid #8884}
.charts{display:flex;flex-wrap:wrap;gap:1rem;margin:1rem 0}
figure{margin:0;flex:1 1 26rem}
svg{width:100%;font:11px system-ui,sans-serif}
svg text{fill:currentColor}
svg polyline{fill:none}
.grid{stroke:#8883}.reference{stroke:#888;stroke-width:2}.curve,.bias{stroke:#0a7;stroke-width:1.5}
.limit{stroke:#c60;stroke-dasharray:4 3}
.value{fill:#07c;fill-opacity:.65}.withheld{fill:#c00;fill-opacity:.6}
.missed{color:#c00}.note{opacity:.8}
`.replaceAll("\n", "");

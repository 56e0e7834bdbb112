import type { Withheld } from "../vitals/withheld.ts";
import { blandAltman, reliabilityCurve, timeChart } from "./charts.ts";
import { reliability, type Summary, TOLERANCE } from "./statistics.ts";
import { type Vital, VITALS } from "./vital.ts";
import type { Run, WindowResult } from "./windows.ts";

/** All that a report tells. */
export interface Report {
  /** What was validated, in a line. */
  readonly input: string;
  /** What it was compared with. */
  readonly references: Readonly<Partial<Record<Vital, string>>>;
  /** The settings used, by their names. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly run: Run;
  readonly summaries: Readonly<Record<Vital, Summary>>;
  /** The pulse on the same samples without the learnt network, where one votes. */
  readonly withoutNetwork?: Summary;
  /** Limits that were missed, as sentences. */
  readonly missed: readonly string[];
}

/** The figures of the table and of the JSON file, in their order. */
const FIGURES = [
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

/** The report as JSON: what is not known is null, so that every key can be counted on. */
export function reportJson(report: Report): string {
  const { input, references, settings, run, summaries, withoutNetwork, missed } = report;
  const vital = (name: Vital) => {
    const summary = summaries[name];
    return {
      ...figuresOf(summary),
      bias: rounded(summary.bias) ?? null,
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
      seconds: rounded(run.seconds),
      frames: run.samples,
      conditions: Object.fromEntries(run.conditions),
      pulse: vital("pulse"),
      breathing: vital("breathing"),
      ...(withoutNetwork ? { pulse_without_network: figuresOf(withoutNetwork) } : {}),
      missed,
    },
    null,
    2,
  ) + "\n";
}

function figuresOf(summary: Summary): Record<string, number | null> {
  return Object.fromEntries(FIGURES.map((figure) => [figure, rounded(summary[figure]) ?? null]));
}

/** The report for a terminal. */
export function reportText(report: Report): string {
  const { input, references, run, summaries, withoutNetwork, missed } = report;
  const columns: readonly (readonly [string, Summary])[] = [
    ...VITALS.map((vital) => [vital, summaries[vital]] as const),
    ...(withoutNetwork ? [["pulse, no network", withoutNetwork] as const] : []),
  ];
  const lines = [
    `${input}: ${run.seconds.toFixed(1)} s, ${run.samples} frames`,
    ...VITALS.flatMap((vital) =>
      references[vital] ? [`${vital} compared with ${references[vital]}`] : []
    ),
    "",
    ["", ...columns.map(([name]) => name)].map((cell) => cell.padEnd(20)).join("").trimEnd(),
    ...FIGURES.map((figure) =>
      [figure, ...columns.map(([, summary]) => cell(summary[figure]))]
        .map((text) => text.padEnd(20)).join("").trimEnd()
    ),
    "",
    ...VITALS.map((vital) => `${vital}: ${publishedLine(run[vital].windows)}`),
    `picture: ${listed(run.conditions)}`,
    ...missed.map((sentence) => `Limit missed: ${sentence}`),
  ];
  return lines.join("\n");
}

/** One page that needs nothing else: no script, no font, no picture from elsewhere. */
export function reportHtml(report: Report): string {
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
Picture: ${escapeHtml(listed(run.conditions))}.</p>
${
    missed.length
      ? `<ul class="missed">${missed.map((m) => `<li>${escapeHtml(m)}`).join("")}</ul>`
      : ""
  }
${VITALS.map((vital) => section(report, vital)).join("\n")}
<h2>Settings</h2><table>${rows.join("")}</table>
<p class="note">This is no medical device: its numbers are for wellness and research, and must not
be used for diagnosis or treatment.</p>
</html>
`;
}

function section(report: Report, vital: Vital): string {
  const { references, run, summaries, withoutNetwork } = report;
  const { windows } = run[vital];
  const compared = vital === "pulse" ? withoutNetwork : undefined;
  const figures = [
    ...(compared ? ["<tr><th></th><th>with network</th><th>without</th></tr>"] : []),
    ...FIGURES.map((figure) =>
      `<tr><th>${figure}</th><td>${cell(summaries[vital][figure])}</td>` +
      `${compared ? `<td>${cell(compared[figure])}</td>` : ""}</tr>`
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
<p>Compared with ${escapeHtml(references[vital] ?? "nothing: no reference was given")}.
Right is within ${TOLERANCE[vital]} a minute. ${escapeHtml(publishedLine(windows))}.</p>
<table>${figures.join("")}</table>
<div class="charts">${charts.join("")}</div>
<details><summary>${windows.length} windows</summary><table>
<tr><th>end, s</th><th>reference</th><th>published</th><th>guess</th><th>confidence</th><th>withheld</th></tr>
${rows.join("\n")}</table></details>`;
}

function publishedLine(windows: readonly WindowResult[]): string {
  const published = windows.filter(({ strict }) => strict !== undefined).length;
  const reasons = countReasons(windows);
  const withheld = Object.keys(reasons).length
    ? `, withheld: ${listed(new Map(Object.entries(reasons)))}`
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

function listed(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${name} ${count}`).join(", ") || "nothing";
}

function cell(value: number | undefined, digits = 3): string {
  if (value === undefined) return "-";
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}

function rounded(value: number | undefined): number | undefined {
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
.grid{stroke:#8883}.truth{stroke:#888;stroke-width:2}.curve,.bias{stroke:#0a7;stroke-width:1.5}
.limit{stroke:#c60;stroke-dasharray:4 3}
.value{fill:#07c;fill-opacity:.65}.withheld{fill:#c00;fill-opacity:.6}
.missed{color:#c00}.note{opacity:.8}
`.replaceAll("\n", "");

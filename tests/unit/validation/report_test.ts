import assert from "node:assert/strict";
import {
  reportHtml,
  reportJson,
  reportText,
  type ValidationReport,
} from "../../../src/validation/report.ts";

const PULSE = {
  n: 3,
  coverage: 2 / 3,
  mae: 1.5,
  rmse: 1.58113883,
  p95: 1.95,
  pearson_r: 0.8,
  bias: -0.5,
  within_3: 1,
  calibration_error: 0.25,
  first_value_s: 6.2,
  published: 2,
  windows: 4,
};

/** Three windows with a pulse reference, one without, and no breathing. */
const REPORT: ValidationReport = {
  input: "video <a>.mp4",
  references: { pulse: 'column "hr" & more' },
  settings: { window: 10, max_mae: 0, pulse_model_path: "m<1>.onnx" },
  run: {
    pulse: {
      firstValueS: 6.2,
      windows: [
        { endS: 10, strict: 71, rate: 71, confidence: 0.9, reference: 72 },
        { endS: 11, strict: 74, rate: 74, confidence: 0.85, reference: 76 },
        { endS: 12.25, withheld: "motion", rate: 90.123, confidence: 0.2, reference: 72 },
        { endS: 13, withheld: "low_quality" },
      ],
    },
    breathing: {
      windows: [
        { endS: 10, withheld: "warming_up" },
        { endS: 11, withheld: "no_face" },
        { endS: 12.25, withheld: "warming_up" },
      ],
    },
    seconds: 13.04,
    samples: 391,
    conditions: new Map([["NO_FACES_FOUND", 1], ["OK", 3]]),
  },
  summaries: { pulse: PULSE, breathing: { n: 0, published: 0, windows: 3 } },
  missed: ["pulse: coverage is 0.667, under the limit of 0.9"],
};

const WITH_NETWORK: ValidationReport = {
  ...REPORT,
  withoutNetwork: { ...PULSE, mae: 2.5, coverage: 0.5 },
};

const NO_STATISTICS = {
  coverage: null,
  mae: null,
  rmse: null,
  p95: null,
  pearson_r: null,
  within_3: null,
  calibration_error: null,
  first_value_s: null,
  bias: null,
};

Deno.test("reportJson() has every statistic of each vital sign, null if it is unknown", () => {
  const text = reportJson(REPORT);
  assert.ok(text.endsWith("}\n") && text.startsWith('{\n  "input"'));
  assert.deepEqual(JSON.parse(text), {
    input: REPORT.input,
    references: REPORT.references,
    settings: REPORT.settings,
    seconds: 13.04,
    frames: 391,
    conditions: { NO_FACES_FOUND: 1, OK: 3 },
    pulse: {
      ...PULSE,
      coverage: 0.666667,
      rmse: 1.581139,
      withheld: { motion: 1, low_quality: 1 },
      reliability: [
        { count: 1, stated: 0.2, right: 0 },
        { count: 1, stated: 0.85, right: 1 },
        { count: 1, stated: 0.9, right: 1 },
      ],
    },
    breathing: {
      ...NO_STATISTICS,
      n: 0,
      published: 0,
      windows: 3,
      withheld: { warming_up: 2, no_face: 1 },
      reliability: [],
    },
    missed: REPORT.missed,
  });
});

Deno.test("reportJson() has the pulse without the network if there was one", () => {
  const { pulse_without_network: without } = JSON.parse(reportJson(WITH_NETWORK));
  assert.deepEqual([without.mae, without.coverage, "windows" in without], [2.5, 0.5, false]);
});

Deno.test("reportText() is a table of the statistics, followed by what was published and missed", () => {
  assert.deepEqual(reportText(REPORT).split("\n"), [
    "video <a>.mp4: 13.0 s, 391 frames",
    'pulse reference: column "hr" & more',
    "",
    "                    pulse               breathing",
    "n                   3                   0",
    "coverage            0.667               -",
    "mae                 1.500               -",
    "rmse                1.581               -",
    "p95                 1.950               -",
    "pearson_r           0.800               -",
    "within_3            1                   -",
    "calibration_error   0.250               -",
    "first_value_s       6.200               -",
    "",
    "pulse: published in 2 of 4 windows, withheld: motion 1, low_quality 1",
    "breathing: published in 0 of 3 windows, withheld: warming_up 2, no_face 1",
    "conditions: OK 3, NO_FACES_FOUND 1",
    "Limit missed: pulse: coverage is 0.667, under the limit of 0.9",
  ]);
});

Deno.test("reportText() has a column for the pulse without the network if there was one", () => {
  const lines = reportText(WITH_NETWORK).split("\n");
  assert.equal(
    lines[3],
    "                    pulse               breathing           pulse (no network)",
  );
  assert.equal(lines[6], "mae                 1.500               -                   2.500");
});

Deno.test("reportText() of an empty input counts nothing", () => {
  const empty = { windows: [] };
  const none = { n: 0, published: 0, windows: 0 };
  const lines = reportText({
    ...REPORT,
    run: { pulse: empty, breathing: empty, seconds: 0, samples: 0, conditions: new Map() },
    summaries: { pulse: none, breathing: none },
    missed: [],
  }).split("\n");
  assert.deepEqual(lines.slice(-3), [
    "pulse: published in 0 of 0 windows",
    "breathing: published in 0 of 0 windows",
    "conditions: nothing",
  ]);
});

/** The section of a vital sign: from its heading to the next. */
function sectionOf(html: string, heading: string): string {
  return html.slice(html.indexOf(`<h2>${heading}`)).split("<h2>")[1] ?? "";
}

Deno.test("reportHtml() escapes the input, the references and the settings", () => {
  const html = reportHtml(REPORT);
  assert.doesNotMatch(html, /<a>|<1>|"hr"/);
  assert.match(html, /<title>Validation: video &#60;a&#62;\.mp4<\/title>/);
  assert.match(html, /Reference: column &#34;hr&#34; &#38; more\./);
  assert.match(html, /<tr><th>pulse_model_path<\/th><td>m&#60;1&#62;\.onnx<\/td><\/tr>/);
  assert.match(html, /<tr><th>window<\/th><td>10<\/td><\/tr>/);
  assert.match(html, /: 13\.0 s, 391 frames\.\s+Conditions: OK 3, NO_FACES_FOUND 1\./);
});

Deno.test("reportHtml() lists the statistics and the windows of each vital sign", () => {
  const html = reportHtml(REPORT);
  const pulse = sectionOf(html, "Pulse, beats/min");
  assert.match(pulse, /<tr><th>mae<\/th><td>1\.500<\/td><\/tr>/);
  assert.match(
    pulse,
    /Tolerance: ±3\/min\. Values published in 2 of 4 windows, withheld: motion 1/,
  );
  assert.match(pulse, /<summary>4 windows<\/summary>/);
  const row = (...cells: string[]) =>
    `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  assert.ok(pulse.includes(row("10.0", "72", "71", "71", "0.90", "")));
  assert.ok(pulse.includes(row("12.3", "72", "-", "90.12", "0.20", "motion")));
  const breathing = sectionOf(html, "Breathing, breaths/min");
  assert.match(breathing, /Reference: none\.\s+Tolerance: ±2\/min\./);
  assert.ok(breathing.includes(row("10.0", "-", "-", "-", "-", "warming_up")));
});

Deno.test("reportHtml() has the charts of each vital sign that has data for them", () => {
  const html = reportHtml(REPORT);
  assert.equal(sectionOf(html, "Pulse").match(/<figure><svg/g)?.length, 3);
  assert.equal(sectionOf(html, "Breathing").match(/<figure>/g), null);
});

Deno.test("reportHtml() compares the pulse with that without the network, and nothing else", () => {
  const heading = "<tr><th></th><th>with network</th><th>without</th></tr>";
  const html = reportHtml(WITH_NETWORK);
  const pulse = sectionOf(html, "Pulse");
  assert.ok(pulse.includes(heading));
  assert.ok(pulse.includes("<tr><th>mae</th><td>1.500</td><td>2.500</td></tr>"));
  assert.ok(!sectionOf(html, "Breathing").includes(heading));
  assert.ok(!reportHtml(REPORT).includes(heading));
});

Deno.test("reportHtml() lists the missed limits, if there are any", () => {
  const missed = /<ul class="missed"><li>pulse: coverage is 0\.667, under the limit of 0\.9<\/ul>/;
  assert.match(reportHtml(REPORT), missed);
  assert.doesNotMatch(reportHtml({ ...REPORT, missed: [] }), /<ul/);
});

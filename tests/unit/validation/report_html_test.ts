import assert from "node:assert/strict";
import { reportHtml } from "../../../src/validation/report_html.ts";
import { reportSummary } from "../../../src/validation/report_summary.ts";
import {
  REPORT,
  STEPS,
  STUDY,
  WITH_NETWORK,
  WITHOUT_REFERENCE,
} from "../../support/validation_report.ts";

/** The part of the page from a heading to the next of the same level. */
function sectionOf(html: string, heading: string): string {
  const start = html.indexOf(`<h2>${heading}`);
  return start < 0 ? "" : html.slice(start).split("<h2>")[1] ?? "";
}

/** The entries of the cover by their names. */
function coverOf(html: string): Record<string, string> {
  return Object.fromEntries(
    [...html.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/gs)].map(([, name, value]) => [name, value]),
  );
}

Deno.test("reportHtml() has a cover with the date, the version and the command", () => {
  const cover = coverOf(reportHtml(REPORT));
  assert.deepEqual(cover, {
    Date: "2026-01-02T03:04:05Z",
    Version: "physiology_server 1.2.3",
    Command: "<code>physiology_server validate --input_video_path='&#60;a&#62;.mp4'</code>",
    Input: "video &#60;a&#62;.mp4",
    Measured: "1 recording of 1 subject, 13.0 s, 391 frames",
    "Reference, pulse": "column &#34;hr&#34; &#38; more",
    "Reference, breathing": "none",
    "Reference device": "Oxi &#60;1&#62;, measuring range 30 to 240 beats/min",
    "Conditions of the image": "OK 3, NO_FACES_FOUND 1",
    Excluded: "1, listed below",
    Limits: '<ul class="missed"><li>pulse: coverage is 0.667, under the limit of 0.9</ul>',
  });
  const { Limits, Excluded } = coverOf(reportHtml({ ...REPORT, missed: [], exclusions: [] }));
  assert.deepEqual([Limits, Excluded], ["none missed", "nothing"]);
});

Deno.test("reportHtml() escapes every text that it did not make itself", () => {
  for (const report of [REPORT, STUDY, STEPS, WITH_NETWORK]) {
    assert.doesNotMatch(reportHtml(report), /<[ab12]>|<tone>|<covered>|"hr"/);
  }
  assert.match(reportHtml(REPORT), /<title>Validation: video &#60;a&#62;\.mp4<\/title>/);
});

Deno.test("reportHtml() has a summary whose text is selected by one click", () => {
  const html = reportHtml(REPORT);
  assert.match(html, /pre\.copy\{user-select:all;/);
  const [, text = ""] = html.match(/<pre class="copy">(.*?)<\/pre>/s) ?? [];
  assert.equal(text.replaceAll("&#60;", "<").replaceAll("&#62;", ">"), reportSummary(REPORT));
});

Deno.test("reportSummary() states the accuracy in sentences", () => {
  assert.deepEqual(reportSummary(REPORT).split("\n"), [
    "physiology_server 1.2.3, 2026-01-02T03:04:05Z. video <a>.mp4.",
    "Pulse: Arms 1.58 beats/min (1 subject), coverage 66.7 % of 3 windows; bias -1.50, limits of " +
    "agreement -2.89 to -0.11; MAPE 2.0 %; within 3/min 100.0 %; within 10 % or 5/min 100.0 %; " +
    "confident errors over 10/min 0.0 %, over 15/min 0.0 %.",
    "Breathing: no reference.",
  ]);
});

Deno.test("reportSummary() states the interval of a study, its strata and the response times", () => {
  const study = reportSummary(STUDY);
  assert.match(study, /Arms 1\.58 beats\/min \(95 % CI 1\.20 to 1\.90, 2 subjects\)/);
  assert.match(
    study,
    /\nskin <tone> dark: pulse Arms 1\.58 beats\/min \(1 subject\), coverage 66\.7 % of 3 windows, confident errors over 10\/min 0\.0 %\.\n/,
  );
  assert.match(
    reportSummary(STEPS),
    /\nResponse time to a change in heart rate, 80 to 120 beats\/min: 7\.3 s to the new rate, after 1 of 2 steps\.\n/,
  );
  assert.match(
    reportSummary(STEPS),
    /80 to 40 beats\/min: the new rate was not published, after 0/,
  );
  const withheld = { ...REPORT.summaries.pulse };
  delete (withheld as { arms?: number }).arms;
  const summaries = { ...REPORT.summaries, pulse: withheld };
  assert.match(reportSummary({ ...REPORT, summaries }), /Pulse: no published value in 3 windows/);
});

Deno.test("reportHtml() has one table of results, without rows and columns that have no data", () => {
  const results = sectionOf(reportHtml(REPORT), "Results</h2>");
  assert.ok(results.includes('<tr><th>Mean absolute error</th><td class="n">1.50</td></tr>'));
  assert.ok(results.includes('<tr><th>Within 3/min</th><td class="n">100.0 %</td></tr>'));
  assert.ok(results.includes("-2.89 to -0.11"));
  assert.doesNotMatch(results, /Breathing|between subjects/);
  assert.match(results, /A confidence interval needs recordings of two subjects or more/);
  const study = sectionOf(reportHtml(STUDY), "Results</h2>");
  assert.match(study, /interval of the Arms<\/th><td class="n">1\.20 to 1\.90</);
  assert.match(study, /between subjects<\/th><td class="n">0\.25</);
  assert.doesNotMatch(study, /needs recordings of two/);
});

Deno.test("reportHtml() lists the windows of one recording", () => {
  const html = reportHtml(REPORT);
  const pulse = sectionOf(html, "Pulse, beats/min");
  assert.match(
    pulse,
    /Tolerance: ±3\/min\. Values published in 2 of 4 windows, withheld: motion 1/,
  );
  assert.match(pulse, /<summary>4 windows<\/summary>/);
  const rows = [...pulse.matchAll(/<tr>(<th>\d.*?)<\/tr>/g)].map(([, row = ""]) =>
    row.replace(/<[^>]+>/g, "|").replace(/\|+/g, "|")
  );
  assert.deepEqual(rows, [
    "|10.0|72|71|71|0.90|",
    "|11.0|76|74|74|0.85|",
    "|12.3|72|-|90.12|0.20|motion|",
    "|13.0|-|-|-|-|low_quality|",
  ]);
  assert.match(sectionOf(html, "Breathing, breaths/min"), /Reference: none\.\s+Tolerance: ±2\/min/);
});

Deno.test("reportHtml() has the charts of each vital sign that has data for them", () => {
  const html = reportHtml(REPORT);
  const titles = (text: string) => [...text.matchAll(/<title>(.*?)<\/title>/g)].map(([, t]) => t);
  assert.deepEqual(titles(sectionOf(html, "Pulse")), [
    "Published values and reference over time",
    "Bland-Altman plot",
    "Reliability curve of the confidence",
    "Risk-coverage curve",
  ]);
  assert.deepEqual(titles(sectionOf(html, "Breathing")), []);
  const [first] = titles(sectionOf(reportHtml(STUDY), "Pulse"));
  assert.equal(first, "Published values and their references");
});

Deno.test("reportHtml() compares the pulse with that without the network, and nothing else", () => {
  const results = sectionOf(reportHtml(WITH_NETWORK), "Results</h2>");
  assert.match(results, />Pulse without the network</);
  assert.ok(results.includes(
    '<tr><th>Mean absolute error</th><td class="n">1.50</td><td class="n">2.50</td></tr>',
  ));
  assert.doesNotMatch(reportHtml(REPORT), /without the network/);
});

Deno.test("reportHtml() has the strata and the recordings of a study", () => {
  const html = reportHtml(STUDY);
  const strata = sectionOf(html, "Results by stratum");
  assert.match(strata, /<h3>skin &#60;tone&#62;: pulse, beats\/min<\/h3>/);
  assert.match(strata, /<tr><th>not stated<\/th><td class="n">1<\/td>/);
  assert.doesNotMatch(strata, /breathing/);
  const recordings = sectionOf(html, "Recordings");
  assert.match(recordings, /<th>r&#60;2&#62;<\/th><td>s2<\/td><td>light<\/td><td class="n">13\.0</);
  assert.equal(sectionOf(reportHtml(REPORT), "Recordings"), "");
  assert.equal(sectionOf(reportHtml(REPORT), "Results by stratum"), "");
});

Deno.test("reportHtml() lists the response times in the words of IEC 60601-2-27", () => {
  const heading = "Response time of the heart rate meter to a change in heart rate";
  const section = sectionOf(reportHtml(STEPS), heading);
  assert.match(section, /201\.7\.9\.2\.9\.101 b\) 5\)/);
  assert.match(section, /80 to 120, 1 of 2 not reached<\/th><td class="n">2<\/td>/);
  assert.match(section, />6\.0 \(5\.0 to 7\.0\)</);
  assert.equal(sectionOf(reportHtml(REPORT), heading), "");
});

Deno.test("reportHtml() lists the exclusions, the definitions and the settings", () => {
  const html = reportHtml(REPORT);
  assert.match(sectionOf(html, "Exclusions"), /video &#60;b&#62;<\/th><td>face &#60;covered&#62;</);
  assert.match(sectionOf(reportHtml({ ...REPORT, exclusions: [] }), "Exclusions"), /No recording/);
  assert.match(sectionOf(html, "Definitions"), /Bland &#38; Altman 2007/);
  assert.match(sectionOf(html, "Settings"), /<th>pulse_model_path<\/th><td>m&#60;1&#62;\.onnx</);
});

Deno.test("reportHtml() without a reference has what was published, and no results", () => {
  const html = reportHtml(WITHOUT_REFERENCE);
  assert.equal(sectionOf(html, "Results</h2>"), "");
  assert.match(html, /Pulse: 72\.5 beats\/min, 71\.0 to 74\.0, published in 2 of 4 windows/);
  const [recording] = WITHOUT_REFERENCE.recordings;
  const study = reportHtml({
    ...WITHOUT_REFERENCE,
    recordings: ["a", "b"].map((name) => ({ ...recording!, name })),
    strata: STUDY.strata.map((stratum) => ({
      ...stratum,
      summaries: WITHOUT_REFERENCE.summaries,
    })),
  });
  assert.match(sectionOf(study, "Recordings"), /<th>b<\/th>.*72\.5 beats\/min.*no value/);
  assert.equal(sectionOf(study, "Results by stratum"), "");
});

import assert from "node:assert/strict";
import { pool } from "../../../src/validation/recording.ts";
import { reportText } from "../../../src/validation/report_text.ts";
import {
  REPORT,
  STEPS,
  STUDY,
  WITH_NETWORK,
  WITHOUT_REFERENCE,
} from "../../support/validation_report.ts";

Deno.test("reportText() is a table of the statistics, followed by what was published and missed", () => {
  assert.deepEqual(reportText(REPORT).split("\n"), [
    "video <a>.mp4: 13.0 s, 391 frames",
    'pulse reference: column "hr" & more',
    "reference device: Oxi <1>, measuring range 30 to 240 beats/min",
    "",
    "                         pulse            breathing",
    "n                        3                0",
    "subjects                 1                0",
    "reference_range          72 to 76         -",
    "coverage                 0.667            -",
    "arms                     1.581            -",
    "arms_ci95                -                -",
    "mae                      1.500            -",
    "mape                     0.020            -",
    "p95                      1.950            -",
    "bias                     -1.500           -",
    "bias_ci95                -                -",
    "limits_of_agreement      -2.89 to -0.11   -",
    "within_subject_sd        -                -",
    "between_subject_sd       -                -",
    "within_3                 1                -",
    "within_10_percent_or_5   1                -",
    "confident                2                -",
    "confident_errors_10      0                -",
    "confident_errors_15      0                -",
    "pearson_r                0.800            -",
    "calibration_error        0.250            -",
    "aurc                     0.100            -",
    "first_value_s            6.200            -",
    "",
    "pulse: published in 2 of 4 windows, withheld: motion 1, low_quality 1",
    "breathing: published in 0 of 3 windows, withheld: warming_up 2, no_face 1",
    "conditions: OK 3, NO_FACES_FOUND 1",
    "Excluded: video <b>: face <covered>",
    "Limit missed: pulse: coverage is 0.667, under the limit of 0.9",
  ]);
});

Deno.test("reportText() has a column for the pulse without the network if there was one", () => {
  const lines = reportText(WITH_NETWORK).split("\n");
  assert.equal(
    lines[4],
    "                         pulse            breathing   pulse (no network)",
  );
  assert.equal(
    lines.find((line) => line.startsWith("mae")),
    "mae                      1.500            -           2.500",
  );
});

Deno.test("reportText() without a reference is three lines: the input, the pulse, the breathing", () => {
  assert.deepEqual(reportText(WITHOUT_REFERENCE).split("\n"), [
    "video <a>.mp4: 13.0 s, 391 frames, OK 3, NO_FACES_FOUND 1",
    "pulse: 72.5 beats/min, 71.0 to 74.0, published in 2 of 4 windows, withheld: motion 1, low_quality 1",
    "breathing: no value, published in 0 of 3 windows, withheld: warming_up 2, no_face 1",
  ]);
});

Deno.test("reportText() without a reference has three lines for each recording, and exclusions", () => {
  const [recording] = WITHOUT_REFERENCE.recordings;
  const recordings = ["a", "b"].map((name) => ({ ...recording!, name }));
  const exclusions = [{ recording: "c", reason: "no consent" }];
  const lines = reportText({ ...WITHOUT_REFERENCE, recordings, exclusions }).split("\n");
  assert.deepEqual(lines.map((line) => line.split(":")[0]), [
    ...["a", "pulse", "breathing"],
    ...["b", "pulse", "breathing"],
    "Excluded",
  ]);
});

Deno.test("reportText() of an empty input counts nothing", () => {
  const run = {
    pulse: { windows: [] },
    breathing: { windows: [] },
    startS: 0,
    seconds: 0,
    samples: 0,
    conditions: new Map(),
  };
  const recordings = [{ ...WITHOUT_REFERENCE.recordings[0]!, run }];
  assert.deepEqual(reportText({ ...WITHOUT_REFERENCE, recordings, run: pool([run]) }).split("\n"), [
    "video <a>.mp4: 0.0 s, 0 frames, nothing",
    "pulse: no value, the clip is shorter than a window",
    "breathing: no value, the clip is shorter than a window",
  ]);
});

Deno.test("reportText() lists the response times with their average and range", () => {
  const text = reportText(STEPS);
  const heading = "Response time of the heart rate meter to a change in heart rate, s (IEC";
  const lines = text.slice(text.indexOf(heading)).split("\n").slice(1, 4);
  assert.deepEqual(
    lines,
    [
      "                               to 63 % of the step   to the new rate   wrong until",
      "80 to 120, 1 of 2 not reached   6.0 (5.0 to 7.0)      7.3               4.0",
      "80 to 40, 1 of 1 not reached    -                     -                 9.0",
    ].map((line, k) => k ? line : ` ${line}`),
  );
});

Deno.test("reportText() lists the pulse of each stratum", () => {
  const lines = reportText(STUDY).split("\n");
  const start = lines.findIndex((line) => line.startsWith("pulse by stratum"));
  assert.deepEqual(lines.slice(start, start + 3), [
    "pulse by stratum          n   coverage   arms    within_3   confident_errors_10",
    "skin <tone>: dark         3   0.667      1.581   1          0",
    "skin <tone>: not stated   3   0.667      1.581   1          0",
  ]);
});

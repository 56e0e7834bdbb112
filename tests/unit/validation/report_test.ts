import assert from "node:assert/strict";
import { reportJson } from "../../../src/validation/report.ts";
import {
  PULSE,
  RECORDING,
  REPORT,
  STEPS,
  STUDY,
  WITH_NETWORK,
} from "../../support/validation_report.ts";

const UNKNOWN = {
  reference_range: null,
  coverage: null,
  confident: null,
  arms: null,
  arms_ci95: null,
  rmse: null,
  mae: null,
  mape: null,
  p95: null,
  bias: null,
  bias_ci95: null,
  limits_of_agreement: null,
  within_subject_sd: null,
  between_subject_sd: null,
  within_3: null,
  within_10_percent_or_5: null,
  confident_errors_10: null,
  confident_errors_15: null,
  pearson_r: null,
  calibration_error: null,
  aurc: null,
  first_value_s: null,
};

Deno.test("reportJson() has every statistic of each vital sign, null if it is unknown", () => {
  const text = reportJson(REPORT);
  assert.ok(text.endsWith("}\n") && text.startsWith('{\n  "input"'));
  const { pulse, breathing, recordings, ...rest } = JSON.parse(text);
  assert.deepEqual(pulse, {
    ...UNKNOWN,
    ...PULSE,
    coverage: 0.666667,
    arms: 1.581139,
    rmse: 1.581139,
    withheld: { motion: 1, low_quality: 1 },
    reliability: [
      { count: 1, stated: 0.2, right: 0 },
      { count: 1, stated: 0.85, right: 1 },
      { count: 1, stated: 0.9, right: 1 },
    ],
    risk_coverage: [
      { confidence: 0.9, coverage: 1 / 3, risk: 0 },
      { confidence: 0.85, coverage: 2 / 3, risk: 0 },
      { confidence: 0.2, coverage: 1, risk: 1 / 3 },
    ],
  });
  assert.deepEqual(breathing, {
    ...UNKNOWN,
    n: 0,
    subjects: 0,
    published: 0,
    windows: 3,
    withheld: { warming_up: 2, no_face: 1 },
    reliability: [],
    risk_coverage: [],
  });
  assert.deepEqual(rest, {
    input: REPORT.input,
    command: REPORT.provenance.command,
    version: "1.2.3",
    generated_at: "2026-01-02T03:04:05Z",
    references: REPORT.references,
    reference_devices: REPORT.referenceDevices,
    settings: REPORT.settings,
    seconds: 13.04,
    frames: 391,
    conditions: { NO_FACES_FOUND: 1, OK: 3 },
    response_times: [],
    strata: [],
    exclusions: REPORT.exclusions,
    missed: REPORT.missed,
  });
  assert.deepEqual(recordings, [{
    name: "video <a>.mp4",
    subject: "1",
    strata: {},
    seconds: 13.04,
    pulse: RECORDING.run.pulse.windows,
    breathing: RECORDING.run.breathing.windows,
  }]);
});

Deno.test("reportJson() has the pulse without the network if there was one", () => {
  const { pulse_without_network: without } = JSON.parse(reportJson(WITH_NETWORK));
  assert.deepEqual([without.mae, without.coverage, "windows" in without], [2.5, 0.5, false]);
});

Deno.test("reportJson() has both vital signs of each stratum", () => {
  const { strata, pulse } = JSON.parse(reportJson(STUDY));
  assert.deepEqual([pulse.arms_ci95, pulse.bias_ci95], [[1.2, 1.9], [-2, -1]]);
  assert.equal(strata.length, 2);
  const { pulse: dark, breathing, ...stratum } = strata[0];
  assert.deepEqual(stratum, { name: "skin <tone>", value: "dark", recordings: 1, subjects: 1 });
  assert.deepEqual([dark.mae, dark.arms, breathing.n, breathing.mae], [1.5, 1.581139, 0, null]);
});

Deno.test("reportJson() has least, mean and greatest response times, null if none was measured", () => {
  assert.deepEqual(JSON.parse(reportJson(STEPS)).response_times, [
    {
      from: 80,
      to: 120,
      steps: 2,
      reached: 1,
      to_63_percent_s: [5, 6, 7],
      to_new_rate_s: [7.25, 7.25, 7.25],
      wrong_value_s: [4, 4.02, 4.04],
    },
    {
      from: 80,
      to: 40,
      steps: 1,
      reached: 0,
      to_63_percent_s: null,
      to_new_rate_s: null,
      wrong_value_s: [9, 9, 9],
    },
  ]);
});

Deno.test("reportJson() has at most about a hundred points of the risk-coverage curve", () => {
  const windows = Array.from({ length: 1234 }, (_, k) => ({
    endS: k,
    rate: 70,
    confidence: 1 - k / 1234,
    reference: 70,
  }));
  const run = { ...REPORT.run, pulse: { windows } };
  const { pulse: { risk_coverage: points } } = JSON.parse(reportJson({ ...REPORT, run }));
  assert.ok(points.length > 90 && points.length <= 102, `${points.length} points`);
  assert.deepEqual([points[0].coverage, points.at(-1).coverage], [1 / 1234, 1]);
});

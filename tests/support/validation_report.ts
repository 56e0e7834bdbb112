import { pool, type Recording, type StudySummary } from "../../src/validation/recording.ts";
import type { ValidationReport } from "../../src/validation/report.ts";

export const PULSE: StudySummary = {
  n: 3,
  subjects: 1,
  reference_range: [72, 76],
  coverage: 2 / 3,
  mae: 1.5,
  arms: 1.58113883,
  p95: 1.95,
  mape: 0.02,
  pearson_r: 0.8,
  bias: -1.5,
  limits_of_agreement: [-2.886, -0.114],
  within_3: 1,
  within_10_percent_or_5: 1,
  confident: 2,
  confident_errors_10: 0,
  confident_errors_15: 0,
  calibration_error: 0.25,
  aurc: 0.1,
  first_value_s: 6.2,
  published: 2,
  windows: 4,
};

export const RECORDING: Recording = {
  name: "video <a>.mp4",
  subject: "1",
  strata: {},
  exclusions: [],
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
    startS: 0,
    seconds: 13.04,
    samples: 391,
    conditions: new Map([["NO_FACES_FOUND", 1], ["OK", 3]]),
  },
};

const NO_BREATHING: StudySummary = { n: 0, subjects: 0, published: 0, windows: 3 };

/** Three windows with a pulse reference, one without, and no breathing. */
export const REPORT: ValidationReport = {
  input: "video <a>.mp4",
  provenance: {
    command: "physiology_server validate --input_video_path='<a>.mp4'",
    version: "1.2.3",
    generatedAt: "2026-01-02T03:04:05Z",
  },
  references: { pulse: 'column "hr" & more' },
  referenceDevices: ["Oxi <1>, measuring range 30 to 240 beats/min"],
  settings: { window: 10, max_mae: 0, pulse_model_path: "m<1>.onnx" },
  recordings: [RECORDING],
  run: pool([RECORDING.run]),
  summaries: { pulse: PULSE, breathing: NO_BREATHING },
  strata: [],
  responses: [],
  exclusions: [{ recording: "video <b>", reason: "face <covered>" }],
  missed: ["pulse: coverage is 0.667, under the limit of 0.9"],
};

export const WITH_NETWORK: ValidationReport = {
  ...REPORT,
  withoutNetwork: { ...PULSE, mae: 2.5, coverage: 0.5 },
};

/** Two recordings of two subjects, with a stratum. */
export const STUDY: ValidationReport = {
  ...REPORT,
  input: "3 recordings of study.csv",
  recordings: [
    { ...RECORDING, name: "r1", subject: "s1", strata: { "skin <tone>": "dark" } },
    { ...RECORDING, name: "r<2>", subject: "s2", strata: { "skin <tone>": "light" } },
  ],
  summaries: {
    pulse: {
      ...PULSE,
      subjects: 2,
      arms_ci95: [1.2, 1.9],
      bias_ci95: [-2, -1],
      within_subject_sd: 0.5,
      between_subject_sd: 0.25,
    },
    breathing: NO_BREATHING,
  },
  strata: ["dark", ""].map((value) => ({
    name: "skin <tone>",
    value,
    recordings: 1,
    subjects: 1,
    summaries: { pulse: PULSE, breathing: NO_BREATHING },
  })),
};

/** A simulation with two steps up, one of which was not followed. */
export const STEPS: ValidationReport = {
  ...REPORT,
  responses: [
    {
      from: 80,
      to: 120,
      steps: 2,
      reached: 1,
      to63Percent: { least: 5, mean: 6, greatest: 7 },
      toNewRate: { least: 7.25, mean: 7.25, greatest: 7.25 },
      wrongValue: { least: 4, mean: 4.02, greatest: 4.04 },
    },
    { from: 80, to: 40, steps: 1, reached: 0, wrongValue: { least: 9, mean: 9, greatest: 9 } },
  ],
};

/** The report of the same recording without any reference. */
export const WITHOUT_REFERENCE: ValidationReport = {
  ...REPORT,
  references: {},
  referenceDevices: [],
  recordings: [{
    ...RECORDING,
    run: {
      ...RECORDING.run,
      pulse: {
        firstValueS: 6.2,
        windows: RECORDING.run.pulse.windows.map(({ reference: _, ...window }) => window),
      },
    },
  }],
  summaries: {
    pulse: { n: 0, subjects: 0, published: 2, windows: 4 },
    breathing: NO_BREATHING,
  },
  exclusions: [],
  missed: [],
};

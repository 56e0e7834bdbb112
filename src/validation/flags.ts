import { float, list, optionalPath, optionalText, topic, type ValuesOf } from "../config/flag.ts";
import type { PermissionsOf } from "../config/permissions.ts";

/** Accuracy against a reference. */
export const validateFlags = topic("Validation", ["validate"], {
  inputTracePath: optionalPath(
    "input_trace_path",
    "A CSV with t_s and r,g,b (or r_REGION, ...), or ready signals, instead of a video.",
  ),
  referencePath: optionalPath("reference_path", "A CSV with t_s and the reference."),
  referenceColumn: optionalText(
    "reference_column",
    "The reference's column: a rate, or a waveform whose rate is taken.",
    { placeholder: "NAME" },
  ),
  signals: list("signals", "Ready pulse signals of the trace, by their columns."),
  windowS: float("window", "Length of a window in seconds.", {
    default: 10,
    range: [3, 120],
    placeholder: "S",
  }),
  stepS: float("step", "Seconds between two windows.", {
    default: 1,
    range: [0.1, 120],
    placeholder: "S",
  }),
  durationS: float("duration", "Seconds of a simulation.", {
    default: 60,
    range: [5, 86_400],
    placeholder: "S",
  }),
  jsonPath: optionalPath("json", "Write the figures as JSON."),
  htmlPath: optionalPath("html", "Write one self-contained report."),
  maxMae: float("max_mae", "Exit 1 where a mean absolute error is above; 0: no limit.", {
    default: 0,
    range: [0, 1000],
  }),
  maxP95: float("max_p95", "Exit 1 where a 95th percentile is above; 0: no limit.", {
    default: 0,
    range: [0, 1000],
  }),
  minCoverage: float("min_coverage", "Exit 1 where the share of windows with a value is below.", {
    default: 0,
    range: [0, 1],
  }),
  maxCalibrationError: float(
    "max_calibration_error",
    "Exit 1 where the expected calibration error is above; 0: no limit.",
    { default: 0, range: [0, 1] },
  ),
});

export type ValidateSettings = ValuesOf<typeof validateFlags>;

/** It runs on a laboratory's own machine and opens any table that the user names. */
export const validatePermissions: PermissionsOf<unknown> = () => ({ read: true, write: true });

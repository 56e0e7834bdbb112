import { float, list, optionalPath, optionalText, topic, type ValuesOf } from "../config/flag.ts";
import type { PermissionsOf } from "../config/permissions.ts";
import { RANGE_PATTERN } from "./reference_device.ts";

/** The command `validate`: accuracy against a reference. */
export const validateFlags = topic("Validation", ["validate"], {
  inputTracePath: optionalPath(
    "input_trace_path",
    "CSV file with t_s and r,g,b (or r_REGION, ...), or with pulse signals, instead of a video.",
  ),
  manifestPath: optionalPath(
    "manifest",
    "CSV file that lists the recordings of a study, one per row, instead of one input.",
  ),
  referencePath: optionalPath("reference_path", "CSV file with t_s and the reference."),
  referenceColumn: optionalText(
    "reference_column",
    "Column of the reference: a rate, or a waveform to derive the rate from.",
    { placeholder: "NAME" },
  ),
  referenceDevice: optionalText(
    "reference_device",
    "Maker and model of the reference device, for the report.",
    { placeholder: "NAME" },
  ),
  referenceRange: optionalText(
    "reference_range",
    "Measuring range of the reference device in beats/min, such as 30-240; windows outside it are excluded.",
    { placeholder: "LOW-HIGH", pattern: RANGE_PATTERN },
  ),
  signals: list("signals", "Columns of the trace that are pulse signals already."),
  windowS: float("window", "Duration of a window in seconds.", {
    default: 10,
    range: [3, 120],
    placeholder: "S",
  }),
  stepS: float("step", "Interval between two windows in seconds.", {
    default: 1,
    range: [0.1, 120],
    placeholder: "S",
  }),
  durationS: float("duration", "Duration of the simulation in seconds.", {
    default: 60,
    range: [5, 86_400],
    placeholder: "S",
  }),
  jsonPath: optionalPath("json", "Write the results to a JSON file."),
  htmlPath: optionalPath("html", "Write the report to a self-contained HTML file."),
  maxMae: float(
    "max_mae",
    "Exit with status 1 if a mean absolute error is above this limit; 0: no limit.",
    {
      default: 0,
      range: [0, 1000],
    },
  ),
  maxP95: float(
    "max_p95",
    "Exit with status 1 if a 95th percentile is above this limit; 0: no limit.",
    {
      default: 0,
      range: [0, 1000],
    },
  ),
  minCoverage: float(
    "min_coverage",
    "Exit with status 1 if the fraction of windows with a value is below this limit.",
    {
      default: 0,
      range: [0, 1],
    },
  ),
  maxCalibrationError: float(
    "max_calibration_error",
    "Exit with status 1 if the expected calibration error is above this limit; 0: no limit.",
    { default: 0, range: [0, 1] },
  ),
});

export type ValidateSettings = ValuesOf<typeof validateFlags>;

/** It runs on a laboratory's own machine and opens any table that the user names. */
export const validatePermissions: PermissionsOf<unknown> = () => ({ read: true, write: true });

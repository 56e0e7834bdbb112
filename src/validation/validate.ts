import type { RegionSample } from "../vision/region_sample.ts";
import { createVitalsEngine } from "../vitals/engine.ts";
import type { VitalsSettings } from "../vitals/flags.ts";
import type { ValidateSettings } from "./flags.ts";
import type { ValidationInput } from "./input.ts";
import { missedLimits } from "./limits.ts";
import type { ValidationReport } from "./report.ts";
import { summarize } from "./statistics.ts";
import { runWindows, type ValidationRun } from "./windows.ts";

/** The settings that a validation depends on besides its input. */
interface RunSettings {
  readonly validate: ValidateSettings;
  readonly vitals: VitalsSettings;
}

/**
 * Measures the accuracy on an input. With a neural network, the report also has the accuracy of the
 * same samples without it.
 *
 * @throws {UsageError} if a limit is set and there is no reference
 */
export async function validate(
  settings: RunSettings,
  input: ValidationInput,
): Promise<ValidationReport> {
  const { windowS, stepS } = settings.validate;
  const { references, fromFirstSample } = input;
  const run = (samples: ValidationInput["samples"]) =>
    runWindows(createVitalsEngine(), samples, { windowS, stepS, references, fromFirstSample });
  if (settings.vitals.pulseModelPath === undefined) {
    return reportOf(settings, { input, run: await run(input.samples) });
  }
  const samples: RegionSample[] = [];
  for await (const sample of input.samples) samples.push(sample);
  const without = await run(samples.map(({ networkPulse: _, ...sample }) => sample));
  const report = reportOf(settings, { input, run: await run(samples) });
  return { ...report, withoutNetwork: summarize(without.pulse, "pulse") };
}

function reportOf(
  { validate, vitals }: RunSettings,
  { input, run }: { input: ValidationInput; run: ValidationRun },
): ValidationReport {
  const summaries = {
    pulse: summarize(run.pulse, "pulse"),
    breathing: summarize(run.breathing, "breathing"),
  };
  const { windowS, stepS, maxMae, maxP95, minCoverage, maxCalibrationError } = validate;
  const { pulse, breathing } = input.references;
  return {
    input: input.description,
    references: {
      ...(pulse ? { pulse: pulse.description } : {}),
      ...(breathing ? { breathing: breathing.description } : {}),
    },
    settings: {
      window: windowS,
      step: stepS,
      max_mae: maxMae,
      max_p95: maxP95,
      min_coverage: minCoverage,
      max_calibration_error: maxCalibrationError,
      ...(vitals.pulseModelPath === undefined ? {} : { pulse_model_path: vitals.pulseModelPath }),
    },
    run,
    summaries,
    missed: missedLimits(summaries, validate),
  };
}

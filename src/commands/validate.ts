import { EXIT, reasonOf, UnavailableError } from "../base/errors.ts";
import type { Settings } from "../app/flags.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import { createVitalsEngine } from "../vitals/engine.ts";
import type { CommandContext } from "./command.ts";
import { openInput, type ValidationInput } from "../validation/input.ts";
import { missedLimits } from "../validation/limits.ts";
import { reportHtml, reportJson, reportText, type ValidationReport } from "../validation/report.ts";
import { summarize } from "../validation/statistics.ts";
import { runWindows, type ValidationRun } from "../validation/windows.ts";

/** Measures the accuracy on a recording or a simulation; returns 1 if a limit is exceeded. */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const { jsonPath, htmlPath } = settings.validate;
  const report = await measure(settings, openInput(settings));
  print(reportText(report));
  if (jsonPath !== undefined) write(jsonPath, reportJson(report));
  if (htmlPath !== undefined) write(htmlPath, reportHtml(report));
  return report.missed.length ? EXIT.limitMissed : EXIT.ok;
}

async function measure(settings: Settings, input: ValidationInput): Promise<ValidationReport> {
  const { validate, vitals } = settings;
  const run = (samples: ValidationInput["samples"]) =>
    runWindows(createVitalsEngine(), samples, {
      windowS: validate.windowS,
      stepS: validate.stepS,
      references: input.references,
      fromFirstSample: input.fromFirstSample,
    });
  if (vitals.pulseModelPath === undefined) {
    return reportOf(settings, { input, run: await run(input.samples) });
  }
  // Both runs use the same samples, so that the report shows the effect of the network.
  const samples: RegionSample[] = [];
  for await (const sample of input.samples) samples.push(sample);
  const without = await run(samples.map(({ networkPulse: _, ...sample }) => sample));
  const report = reportOf(settings, { input, run: await run(samples) });
  return { ...report, withoutNetwork: summarize(without.pulse, "pulse") };
}

function reportOf(
  { validate, vitals }: Settings,
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

function write(path: string, text: string): void {
  try {
    Deno.writeTextFileSync(path, text);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new UnavailableError(`Cannot write ${path}: ${reason}`, { cause });
  }
}

import { reasonOf } from "../base/errors.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import { createVitalsEngine } from "../vitals/engine.ts";
import type { VitalsEngine } from "../vitals/estimate.ts";
import type { VitalsSettings } from "../vitals/flags.ts";
import { RateNetwork } from "../vitals/pulse/rate_network/rate_network.ts";
import type { Interval } from "./agreement.ts";
import type { ValidateSettings } from "./flags.ts";
import type { ValidationInput } from "./input.ts";
import { missedLimits } from "./limits.ts";
import type { Progress } from "./progress.ts";
import { hasReference, pool, type Recording, stratify, summarizeRecordings } from "./recording.ts";
import type { Reference } from "./reference.ts";
import { describeDevice, withinRange } from "./reference_device.ts";
import type { Provenance, ValidationReport } from "./report.ts";
import { type PublishedPulse, recordPublished, stepResponses } from "./response.ts";
import { summarize } from "./statistics.ts";
import type { Exclusion, RecordingInput, Study } from "./study.ts";
import { TableError } from "./table.ts";
import { type Vital, VITALS } from "./vital.ts";
import { runWindows, type ValidationRun } from "./windows.ts";

/** The settings that a validation depends on besides its input. */
interface RunSettings {
  readonly validate: ValidateSettings;
  readonly vitals: VitalsSettings;
}

interface ValidateOptions {
  readonly provenance: Provenance;
  readonly progress?: Progress;
}

/** What one recording contributes to the report. */
interface Measured {
  readonly recording: Recording;
  readonly references: Readonly<Partial<Record<Vital, string>>>;
  readonly responses: ValidationReport["responses"];
  readonly withoutNetwork?: ValidationRun;
}

/**
 * Measures the accuracy on the recordings of a study. With a neural network, the report also has
 * the accuracy of the same samples without it. A recording of several that cannot be measured is
 * excluded, and reported as a missed limit.
 *
 * @throws {UsageError} if a limit is set and there is no reference
 * @throws {TableError} if a reference covers no time of the input
 */
export async function validate(
  settings: RunSettings,
  study: Study,
  { provenance, progress }: ValidateOptions,
): Promise<ValidationReport> {
  using rateNetwork = await RateNetwork.open();
  const measured: Measured[] = [];
  const failures: Exclusion[] = [];
  try {
    for (const [index, recording] of study.recordings.entries()) {
      const step = { name: recording.name, number: index + 1, total: study.recordings.length };
      try {
        measured.push(
          await measure(
            settings,
            recording,
            () => createVitalsEngine({ pulse: { rateNetwork } }),
            (samples, durationS) => progress?.watch(samples, { ...step, durationS }) ?? samples,
          ),
        );
      } catch (error) {
        if (study.recordings.length === 1) throw error;
        const reason = `cannot be measured: ${reasonOf(error)}`;
        failures.push({ recording: recording.name, reason });
      }
    }
  } finally {
    progress?.end();
  }
  return reportOf(settings, { study, measured, failures, provenance });
}

async function measure(
  { validate: { windowS, stepS }, vitals }: RunSettings,
  { name, subject, strata, device, open }: RecordingInput,
  newEngine: () => VitalsEngine,
  watch: (samples: ValidationInput["samples"], durationS?: number) => ValidationInput["samples"],
): Promise<Measured> {
  const { references: unlimited, fromFirstSample, steps = [], durationS, ...input } = open();
  const published: PublishedPulse[] = [];
  let outside = 0;
  const references = limited(unlimited, device?.range, () => outside++);
  const options = { windowS, stepS, references, fromFirstSample };
  let withoutNetwork: ValidationRun | undefined;
  let samples = watch(input.samples, durationS);
  if (vitals.pulseModelPath !== undefined) {
    const all: RegionSample[] = [];
    for await (const sample of samples) all.push(sample);
    const without = all.map(({ networkPulse: _, ...sample }) => sample);
    withoutNetwork = await runWindows(newEngine(), without, options);
    [samples, outside] = [all, 0];
  }
  const engine = newEngine();
  const run = await runWindows(
    steps.length ? recordPublished(engine, published) : engine,
    samples,
    options,
  );
  for (const reference of Object.values(references)) requireOverlap(reference, run);
  return {
    recording: { name, subject, strata, run, exclusions: exclusionsOf(run, { windowS, outside }) },
    references: Object.fromEntries(
      VITALS.flatMap((vital) => references[vital] ? [[vital, references[vital].description]] : []),
    ),
    responses: stepResponses(steps, published),
    ...(withoutNetwork ? { withoutNetwork } : {}),
  };
}

/** Limits the reference of the pulse to the measuring range of its device. */
function limited(
  references: Readonly<Partial<Record<Vital, Reference>>>,
  range: Interval | undefined,
  onOutside: () => void,
): Readonly<Partial<Record<Vital, Reference>>> {
  const { pulse } = references;
  return pulse && range
    ? { ...references, pulse: withinRange(pulse, range, onOutside) }
    : references;
}

function exclusionsOf(
  { pulse: { windows }, seconds }: ValidationRun,
  { windowS, outside }: { windowS: number; outside: number },
): string[] {
  if (!windows.length) {
    return [`no window: ${seconds.toFixed(1)} s are shorter than a window of ${windowS} s`];
  }
  return outside
    ? [`${outside} of ${windows.length} windows: pulse outside the range of the reference device`]
    : [];
}

function requireOverlap(
  { description, spanS }: Reference,
  { startS, seconds, samples }: ValidationRun,
): void {
  if (!spanS || samples === 0) return;
  const [first, last] = spanS;
  const endS = startS + seconds;
  if (first <= endS && last >= startS) return;
  throw new TableError(
    `Cannot compare with ${description}: it covers ${first} to ${last} s, and the input ` +
      `${startS} to ${endS} s: t_s of both must count from the same time`,
  );
}

function reportOf(
  { validate, vitals }: RunSettings,
  { study, measured, failures, provenance }: {
    readonly study: Study;
    readonly measured: readonly Measured[];
    readonly failures: readonly Exclusion[];
    readonly provenance: Provenance;
  },
): ValidationReport {
  const recordings = measured.map(({ recording }) => recording);
  const summaries = summarizeRecordings(recordings);
  const without = measured.flatMap(({ withoutNetwork }) => withoutNetwork ?? []);
  const { windowS, stepS, maxMae, maxP95, minCoverage, maxCalibrationError } = validate;
  const compared = recordings.some(hasReference);
  return {
    input: study.description,
    provenance,
    references: referencesOf(measured),
    referenceDevices: compared
      ? [...new Set(study.recordings.flatMap(({ device }) => device ? describeDevice(device) : []))]
      : [],
    settings: {
      window: windowS,
      step: stepS,
      max_mae: maxMae,
      max_p95: maxP95,
      min_coverage: minCoverage,
      max_calibration_error: maxCalibrationError,
      ...(vitals.pulseModelPath === undefined ? {} : { pulse_model_path: vitals.pulseModelPath }),
    },
    recordings,
    run: pool(recordings.map(({ run }) => run)),
    summaries,
    strata: stratify(recordings),
    responses: measured.flatMap(({ responses }) => responses),
    exclusions: [
      ...study.exclusions,
      ...failures,
      ...recordings.flatMap((recording) =>
        [
          ...recording.exclusions,
          ...(compared && recording.run.pulse.windows.length && !hasReference(recording)
            ? ["no window has a reference"]
            : []),
        ].map((reason) => ({ recording: recording.name, reason }))
      ),
    ],
    ...(without.length ? { withoutNetwork: summarize(pool(without).pulse, "pulse") } : {}),
    missed: [
      ...missedLimits(summaries, validate),
      ...failures.map(({ recording, reason }) => `${recording} ${reason}`),
    ],
  };
}

/** Describes the references of each vital sign; those of several recordings by the first. */
function referencesOf(measured: readonly Measured[]): ValidationReport["references"] {
  return Object.fromEntries(VITALS.flatMap((vital) => {
    const found = [...new Set(measured.flatMap(({ references }) => references[vital] ?? []))];
    if (!found.length) return [];
    const others = found.length > 1 ? `, and ${found.length - 1} more` : "";
    return [[vital, `${found[0]}${others}`]];
  }));
}

import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { monotonicUs } from "../../../src/base/time.ts";
import { UsageError } from "../../../src/base/errors.ts";
import type { ValidationInput } from "../../../src/validation/input.ts";
import type { RecordingInput } from "../../../src/validation/study.ts";
import { Progress } from "../../../src/validation/progress.ts";
import { rateReference } from "../../../src/validation/reference.ts";
import { TableError } from "../../../src/validation/table.ts";
import { validate } from "../../../src/validation/validate.ts";
import { faceSamples } from "../../support/face_samples.ts";

/** A face with a pulse of 66/min for 16 s, whose first sample is at 100 s. */
function inputOf(parts: Partial<ValidationInput> = {}): ValidationInput {
  return {
    description: "a face",
    samples: faceSamples({ pulse: () => 66, seconds: 16, startUs: 100_000_000 }),
    references: {},
    fromFirstSample: false,
    ...parts,
  };
}

const provenance = { command: "validate", version: "1", generatedAt: "2026-01-01T00:00:00Z" };

/** Measures a study of these recordings, each of a subject of its own. */
function runStudy(
  recordings: readonly (Partial<RecordingInput> & Pick<RecordingInput, "open">)[],
  ...argv: string[]
) {
  const study = {
    description: "a study",
    recordings: recordings.map((recording, k) => ({
      name: `r${k + 1}`,
      subject: `s${k + 1}`,
      strata: {},
      device: {},
      ...recording,
    })),
    exclusions: [{ recording: "r0", reason: "no consent" }],
  };
  const { settings } = load(["validate", ...argv], { env: {}, readText: () => "" });
  return validate(settings, study, { provenance });
}

const run = (input: ValidationInput, ...argv: string[]) =>
  runStudy([{ open: () => input }], ...argv);

/** A rate of 66/min that is known for a minute from `startS` on. */
function reference(startS: number) {
  const times = Float64Array.from({ length: 60 }, (_, k) => startS + 1 + k);
  return rateReference(times, times.map(() => 66), "a column");
}

Deno.test("validate() compares the windows of the settings with the references", async () => {
  const report = await run(
    inputOf({ references: { pulse: reference(100) } }),
    "--window=12",
    "--step=2",
    "--max_mae=4",
    "--max_p95=5",
    "--min_coverage=0.1",
    "--max_calibration_error=0.9",
  );
  assert.deepEqual(report.settings, {
    window: 12,
    step: 2,
    max_mae: 4,
    max_p95: 5,
    min_coverage: 0.1,
    max_calibration_error: 0.9,
  });
  assert.deepEqual([report.input, report.references], ["a study", { pulse: "a column" }]);
  const { pulse, breathing } = report.summaries;
  assert.deepEqual([pulse.windows, pulse.n, breathing.n], [2, 2, 0]);
  assert.ok(pulse.mae! < 1 && pulse.coverage === 1, JSON.stringify(pulse));
  assert.deepEqual([report.missed, "withoutNetwork" in report], [[], false]);
});

Deno.test("validate() reads the references from the first sample if the input says so", async () => {
  const references = { pulse: reference(0), breathing: reference(0) };
  const { summaries, references: names } = await run(
    inputOf({ references, fromFirstSample: true }),
  );
  assert.deepEqual([summaries.pulse.n > 0, summaries.breathing.n > 0], [true, true]);
  assert.deepEqual(names, { pulse: "a column", breathing: "a column" });
});

Deno.test("validate() rejects references that do not overlap with the input", async () => {
  const rejects = (startS: number, fromFirstSample: boolean, message: RegExp) =>
    assert.rejects(
      run(inputOf({ references: { pulse: reference(startS) }, fromFirstSample })),
      (error) => error instanceof TableError && message.test(error.message),
    );
  await rejects(
    1_767_225_600,
    true,
    /^Cannot compare with a column: it covers 1767225601 to 1767225660 s, and the input 0 to 15/,
  );
  await rejects(0, false, /covers 1 to 60 s, and the input 100 to 115/);
  await run(inputOf({ references: { pulse: reference(110) } }));
  await run(inputOf({ references: { pulse: reference(45) } }));
});

Deno.test("validate() reports missed limits, and throws without a reference for them", async () => {
  const references = { pulse: reference(100) };
  const { missed } = await run(inputOf({ references }), "--max_mae=0.00001");
  assert.match(missed.join(), /^pulse: mean absolute error is .*, over the limit of 0\.00001$/);
  await assert.rejects(run(inputOf(), "--max_mae=1"), UsageError);
});

Deno.test("validate() with a network compares the same samples without its signal", async () => {
  function* samples() {
    for (const sample of inputOf().samples as ReturnType<typeof faceSamples>) {
      // A network that finds another rate.
      yield { ...sample, networkPulse: Math.sin((2 * Math.PI * 110 * sample.timeUs) / 60e6) };
    }
  }
  const references = { pulse: reference(100) };
  const plain = await run(inputOf({ references }));
  const input = inputOf({ samples: samples(), references });
  const report = await run(input, "--pulse_model_path=/m.onnx");
  assert.equal(report.settings["pulse_model_path"], "/m.onnx");
  for (const [name, value] of Object.entries(report.withoutNetwork!)) {
    assert.equal(value, plain.summaries.pulse[name as keyof typeof report.withoutNetwork], name);
  }
  assert.notDeepEqual(report.run.pulse.windows, plain.run.pulse.windows);
});

/** A recording of 16 s with this pulse, which is compared with a rate of 66/min. */
function recordingOf(pulse: number, parts: Partial<RecordingInput> = {}) {
  return {
    open: () => ({
      ...inputOf({ references: { pulse: reference(100) } }),
      samples: faceSamples({ pulse: () => pulse, seconds: 16, startUs: 100_000_000 }),
    }),
    ...parts,
  };
}

Deno.test("validate() pools the recordings of a study, by subject and by stratum", async () => {
  const { summaries, strata, recordings, references, exclusions } = await runStudy([
    recordingOf(66, { strata: { light: "day" } }),
    recordingOf(67, { strata: { light: "lamp" } }),
    recordingOf(65, { subject: "s1", strata: { light: "day" } }),
  ]);
  const { n, subjects, coverage, arms, arms_ci95, within_subject_sd } = summaries.pulse;
  assert.deepEqual([n, subjects, coverage, recordings.length], [18, 2, 1, 3]);
  assert.ok(arms! > 0.5 && arms! < 1.5, `${arms}`);
  assert.ok(arms_ci95![0] <= arms! && arms! <= arms_ci95![1] && within_subject_sd! > 0);
  assert.deepEqual(
    strata.map(({ value, summaries: { pulse } }) => [value, pulse.n]),
    [["day", 12], ["lamp", 6]],
  );
  assert.deepEqual(references, { pulse: "a column" });
  assert.deepEqual(exclusions, [{ recording: "r0", reason: "no consent" }]);
});

Deno.test("validate() excludes windows whose reference is outside the range of its device", async () => {
  const limited = (range: readonly [number, number]) => ({ device: { name: "Oxi", range } });
  const { summaries, exclusions, referenceDevices } = await runStudy([
    recordingOf(66, limited([30, 240])),
    recordingOf(66, limited([70, 240])),
  ]);
  assert.equal(summaries.pulse.n, 6);
  assert.deepEqual(exclusions.slice(1), [
    {
      recording: "r2",
      reason: "6 of 6 windows: pulse outside the range of the reference device",
    },
    { recording: "r2", reason: "no window has a reference" },
  ]);
  assert.deepEqual(referenceDevices, [
    "Oxi, measuring range 30 to 240 beats/min",
    "Oxi, measuring range 70 to 240 beats/min",
  ]);
});

Deno.test("validate() lists recordings that are too short, or that fail, and goes on", async () => {
  const short = inputOf({ samples: faceSamples({ seconds: 4 }) });
  const fails = { open: () => inputOf({ samples: failing() }) };
  const { exclusions, missed, recordings } = await runStudy([
    { open: () => short },
    fails,
    recordingOf(66),
  ]);
  assert.deepEqual(exclusions.slice(1), [
    { recording: "r2", reason: "cannot be measured: the disk is full" },
    { recording: "r1", reason: "no window: 4.0 s are shorter than a window of 10 s" },
  ]);
  // It is not silently left out: the exit status is that of a missed limit.
  assert.deepEqual(missed, ["r2 cannot be measured: the disk is full"]);
  assert.deepEqual(recordings.map(({ name }) => name), ["r1", "r3"]);
  await assert.rejects(runStudy([fails]), /the disk is full/);
});

Deno.test("validate() excludes no recording for a missing reference if none has one", async () => {
  const { exclusions } = await runStudy([{ open: () => inputOf() }, { open: () => inputOf() }]);
  assert.deepEqual(exclusions.slice(1), []);
});

async function* failing() {
  yield* faceSamples({ seconds: 1 });
  await Promise.reject(new Error("the disk is full"));
}

Deno.test("validate() measures the response time to the steps of a simulation", async () => {
  const { responses, referenceDevices } = await runStudy([{
    open: () =>
      inputOf({
        samples: faceSamples({ pulse: (seconds) => seconds < 15 ? 80 : 120, seconds: 35 }),
        steps: [{ from: 80, to: 120, atS: 15 }],
      }),
  }]);
  assert.equal(responses.length, 1);
  const { reached, toNewRate, wrongValue } = responses[0]!;
  assert.equal(reached, 1);
  assert.ok(toNewRate!.mean > 1 && toNewRate!.mean < 15, JSON.stringify(responses));
  assert.ok(wrongValue.mean >= 0 && wrongValue.mean <= toNewRate!.mean);
  assert.deepEqual(referenceDevices, []);
});

Deno.test("validate() removes the progress from a terminal before an error is shown", async () => {
  const written: string[] = [];
  let nowUs = 0;
  const progress = new Progress({
    write: (text) => void written.push(text),
    terminal: true,
    clock: { monotonicUs: () => monotonicUs(nowUs += 1_000_000) },
  });
  const { settings } = load(["validate"], { env: {}, readText: () => "" });
  const recordings = [{ ...recordingOf(66), open: () => inputOf({ samples: failing() }) }]
    .map((recording) => ({ name: "r", subject: "s", strata: {}, ...recording }));
  const study = { description: "a study", recordings, exclusions: [] };
  await assert.rejects(validate(settings, study, { provenance, progress }), /the disk is full/);
  assert.match(written.at(-1)!, /^\r +\r$/);
});

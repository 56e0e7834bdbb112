import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { UsageError } from "../../../src/base/errors.ts";
import type { ValidationInput } from "../../../src/validation/input.ts";
import { rateReference } from "../../../src/validation/reference.ts";
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

const run = (input: ValidationInput, ...argv: string[]) =>
  validate(load(["validate", ...argv], { env: {}, readText: () => "" }).settings, input);

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
  assert.deepEqual([report.input, report.references], ["a face", { pulse: "a column" }]);
  const { pulse, breathing } = report.summaries;
  assert.deepEqual([pulse.windows, pulse.n, breathing.n], [2, 2, 0]);
  assert.ok(pulse.mae! < 1 && pulse.coverage === 1, JSON.stringify(pulse));
  assert.deepEqual([report.missed, "withoutNetwork" in report], [[], false]);
});

Deno.test("validate() reads the references from the first sample if the input says so", async () => {
  const references = { pulse: reference(0), breathing: reference(0) };
  const late = await run(inputOf({ references }));
  assert.deepEqual([late.summaries.pulse.n, late.summaries.breathing.n], [0, 0]);
  const { summaries, references: names } = await run(
    inputOf({ references, fromFirstSample: true }),
  );
  assert.deepEqual([summaries.pulse.n > 0, summaries.breathing.n > 0], [true, true]);
  assert.deepEqual(names, { pulse: "a column", breathing: "a column" });
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
  assert.deepEqual(report.withoutNetwork, plain.summaries.pulse);
  assert.notDeepEqual(report.run.pulse.windows, plain.run.pulse.windows);
});

import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import {
  type PublishedPulse,
  recordPublished,
  stepResponses,
} from "../../../src/validation/response.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { faceSamples } from "../../support/face_samples.ts";

/** Values published every 0.5 s from 0 s on; `undefined` is withheld. */
function published(values: readonly (number | undefined)[]): PublishedPulse[] {
  return values.map((value, k) => ({
    timeS: k / 2,
    ...(value === undefined ? {} : { value }),
  }));
}

Deno.test("stepResponses() measures from the step to 63 %, to the new rate, and the wrong value", () => {
  const step = { from: 80, to: 120, atS: 1 };
  // 0 s to 5 s; 105.2 is 63 % of the step, 117 is within 3, 114 is more than 5 off.
  const values = [80, 80, 80, 80, undefined, 105.1, 105.2, 114, 116.9, 117, 120];
  const [response] = stepResponses([step], published(values));
  const at = (seconds: number) => ({ least: seconds, mean: seconds, greatest: seconds });
  assert.deepEqual(response, {
    from: 80,
    to: 120,
    steps: 1,
    reached: 1,
    to63Percent: at(2),
    toNewRate: at(3.5),
    wrongValue: at(2.5),
  });
});

Deno.test("stepResponses() measures a decrease, in which a value can overshoot", () => {
  const values = [80, 80, 54.8, 30, 40];
  const [response] = stepResponses([{ from: 80, to: 40, atS: 0 }], published(values));
  assert.deepEqual(
    [response?.to63Percent?.mean, response?.toNewRate?.mean, response?.wrongValue.mean],
    [1, 2, 1.5],
  );
});

Deno.test("stepResponses() joins equal steps, and counts those that were followed", () => {
  const steps = [
    { from: 80, to: 120, atS: 0 },
    { from: 120, to: 80, atS: 2 },
    { from: 80, to: 120, atS: 4 },
  ];
  // The first step is followed after 1 s, the second after 0.5 s, the third never.
  const values = [80, 80, 120, 120, 120, 80, 80, 80, 80, undefined, undefined];
  const [up, down] = stepResponses(steps, published(values));
  assert.deepEqual([up?.steps, up?.reached, up?.toNewRate?.mean], [2, 1, 1]);
  assert.deepEqual(up?.wrongValue, { least: 0, mean: 0.25, greatest: 0.5 });
  assert.deepEqual([down?.from, down?.to, down?.toNewRate?.greatest], [120, 80, 0.5]);
});

Deno.test("stepResponses() has no time for a rate that is never published", () => {
  const [response] = stepResponses(
    [{ from: 80, to: 120, atS: 1 }],
    published([120, 80, undefined, undefined]),
  );
  assert.equal(response!.reached, 0);
  assert.ok(!("toNewRate" in response!) && !("to63Percent" in response!));
  assert.deepEqual(stepResponses([], published([80])), []);
});

Deno.test("recordPublished() adds the pulse of each estimate at the time since the first sample", () => {
  const values: PublishedPulse[] = [];
  const engine = recordPublished(createVitalsEngine(), values);
  engine.estimate(monotonicUs(0));
  for (const sample of faceSamples({ pulse: () => 66, seconds: 14, startUs: 100_000_000 })) {
    engine.push(sample);
    if (sample.sequence % 30 === 0) engine.estimate();
  }
  assert.deepEqual(values.map(({ timeS }) => Math.round(timeS)), [0, ...Array(14).keys()]);
  assert.equal("value" in values[1]!, false);
  assert.ok(Math.abs(values.at(-1)!.value! - 66) < 2);
  engine.reset();
  assert.ok(engine.estimate().pulse.withheld);
});

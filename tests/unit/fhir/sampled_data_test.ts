import assert from "node:assert/strict";
import { waveformOf } from "../../../src/fhir/sampled_data.ts";
import { START_US } from "../../support/fhir_intervals.ts";

const UNIT = { unit: "arbitrary units", code: "[arb'U]" };

function waveform(samples: readonly (readonly [ms: number, value: number])[]) {
  return waveformOf(new Map(samples.map(([ms, value]) => [START_US + ms * 1000, value])), UNIT);
}

Deno.test("waveformOf() has one value for each period, and E for a gap", () => {
  const found = waveform([[0, 1], [20, -0.00073], [41, 100], [100, -0.000001], [80, 0.5]]);
  assert.deepEqual(found, {
    data: {
      origin: { value: 0, unit: UNIT.unit, system: "http://unitsofmeasure.org", code: UNIT.code },
      period: 20,
      dimensions: 1,
      data: "1 -0.00073 100 E 0.5 0",
    },
    startUs: START_US,
    endUs: START_US + 100_000,
  });
});

Deno.test("waveformOf() returns undefined for what is no waveform", () => {
  assert.equal(waveform([]), undefined);
  assert.equal(waveform([[0, 1]]), undefined);
  const far = 1e12;
  assert.equal(waveform([[0, 1], [1, 1], [2, 1], [far, 1]]), undefined);
});

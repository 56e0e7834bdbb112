import assert from "node:assert/strict";
import fc from "fast-check";
import {
  auxiliaryRates,
  corroboratedConfidence,
} from "../../../../src/vitals/breathing/auxiliary.ts";
import type { BreathingFeature } from "../../../../src/vitals/breathing/evidence.ts";
import { constantModel } from "../../../support/breathing.ts";

Deno.test("corroboratedConfidence() is raised by rates that agree, and by no others", () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const rates = fc.array(
    fc.record({ rate: fc.double({ min: 4, max: 40, noNaN: true }), quality: unit }),
  );
  fc.assert(fc.property(unit, rates, (confidence, list) => {
    const auxiliary = list.map((other) => ({ name: "any", ...other }));
    const after = corroboratedConfidence({ rate: 15, confidence }, auxiliary);
    assert.ok(after >= confidence - 1e-12 && after <= 1);
    const differing = auxiliary.filter(({ rate }) => Math.abs(rate - 15) > 2);
    const unchanged = corroboratedConfidence({ rate: 15, confidence }, differing);
    assert.ok(Math.abs(unchanged - confidence) < 1e-9);
  }));
});

Deno.test("corroboratedConfidence() adds half a log odd for each rate within 2 breaths/min", () => {
  const confidenceWith = (rate: number, quality: number) =>
    corroboratedConfidence({ rate: 15, confidence: 0.5 }, [{ name: "any", rate, quality }]);
  for (const rate of [13, 15, 17]) {
    assert.ok(Math.abs(confidenceWith(rate, 1) - 1 / (1 + Math.exp(-0.5))) < 1e-9, `${rate}`);
    assert.ok(Math.abs(confidenceWith(rate, 0.6) - 1 / (1 + Math.exp(-0.3))) < 1e-9, `${rate}`);
  }
  for (const rate of [12.99, 17.01]) assert.equal(confidenceWith(rate, 1), 0.5);
  for (const confidence of [0, 1]) {
    const rates = [{ name: "any", rate: 15, quality: 1 }];
    assert.equal(corroboratedConfidence({ rate: 15, confidence }, rates), confidence);
  }
});

Deno.test("auxiliaryRates() has the rates of a quality from 0.5 on", () => {
  const signal = Float64Array.from({ length: 300 }, (_, k) => Math.sin((2 * Math.PI * k) / 40));
  const ratesAt = (quality: number) =>
    auxiliaryRates([{ name: "sine", signal }], {
      sampleRateHz: 10,
      model: constantModel(quality),
    });
  assert.deepEqual(ratesAt(0.495), []);
  const [rate] = ratesAt(0.505);
  assert.equal(rate?.name, "sine");
  assert.ok(Math.abs(rate!.rate - 15) < 0.2 && Math.abs(rate!.quality - 0.505) < 1e-9);
});

Deno.test("auxiliaryRates() assumes a rise of 1.5, an accord of 0.5 and no motion", () => {
  const signal = Float64Array.from({ length: 300 }, (_, k) => Math.sin((2 * Math.PI * k) / 40));
  const logitBy = (name: BreathingFeature) => {
    const { weights } = constantModel(0.5);
    const model = { intercept: 1, weights: { ...weights, [name]: 1 } };
    const [{ quality } = { quality: NaN }] = auxiliaryRates([{ name, signal }], {
      sampleRateHz: 10,
      model,
    });
    return Math.log(quality / (1 - quality)) - 1;
  };
  for (const [name, value] of [["rise", 1.5], ["accord", 0.5], ["moved", 0]] as const) {
    assert.ok(Math.abs(logitBy(name) - value) < 1e-9, name);
  }
});

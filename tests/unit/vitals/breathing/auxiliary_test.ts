import assert from "node:assert/strict";
import fc from "fast-check";
import { corroboratedConfidence } from "../../../../src/vitals/breathing/auxiliary.ts";

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

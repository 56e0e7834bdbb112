import assert from "node:assert/strict";
import { PhasicTrace } from "../../../../src/vitals/perfusion/phasic.ts";

Deno.test("PhasicTrace reports each beat once, relative to the usual height", () => {
  const trace = new PhasicTrace();
  const beat = (k: number) => ({ timeUs: k * 833_333, height: k === 20 ? 0.03 : 0.02 });
  const reported = Array.from(
    { length: 25 },
    (_, end) => trace.push(Array.from({ length: 6 }, (_, k) => beat(end + k))),
  ).flat();
  assert.equal(new Set(reported.map(({ timeUs }) => timeUs)).size, reported.length);
  assert.equal(reported.find(({ timeUs }) => timeUs === beat(20).timeUs)?.value, 1.5);
  assert.ok(reported.filter(({ value }) => value === 1).length > 15);
});

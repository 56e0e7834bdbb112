import assert from "node:assert/strict";
import { SteadyRate } from "../../../../src/vitals/pulse/steady_rate.ts";

/** Whether the last of some rates, half a second apart, is steady. */
function isSteady(rates: readonly (number | undefined)[]): boolean {
  const steady = new SteadyRate();
  rates.forEach((rate, k) => steady.push(k * 500_000, rate));
  return steady.isSteady((rates.length - 1) * 500_000);
}

Deno.test("SteadyRate is steady once the rate was the same for 2.4 s", () => {
  assert.equal(isSteady([72, 72, 72, 72, 72]), false);
  assert.equal(isSteady([72, 72, 72, 72, 72, 72]), true);
  assert.equal(isSteady([]), false);
});

Deno.test("SteadyRate starts again after a rate that differs by over 3, or after none", () => {
  assert.equal(isSteady([72, 72, 72, 75, 75, 75]), true);
  assert.equal(isSteady([72, 72, 72, 75.1, 75, 75]), false);
  assert.equal(isSteady([72, 72, undefined, 72, 72, 72]), false);
  assert.equal(isSteady([72, 72, 72, 72, 72, undefined]), false);
});

Deno.test("SteadyRate follows a slow change", () => {
  assert.equal(isSteady([72, 74, 76, 78, 80, 82]), true);
});

Deno.test("SteadyRate.reset() forgets the rates", () => {
  const steady = new SteadyRate();
  steady.push(0, 72);
  steady.reset();
  steady.push(3_000_000, 72);
  assert.equal(steady.isSteady(3_000_000), false);
});

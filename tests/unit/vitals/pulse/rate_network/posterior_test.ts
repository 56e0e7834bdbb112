import assert from "node:assert/strict";
import fc from "fast-check";
import { posteriorOf } from "../../../../support/rate_posterior.ts";

Deno.test("RatePosterior.near() adds what is within 3 beats/min", () => {
  const posterior = posteriorOf({ 68: 0.1, 69: 0.2, 72: 0.3, 75: 0.15, 76: 0.05 });
  assert.ok(Math.abs(posterior.near(72) - 0.65) < 1e-6);
  assert.ok(Math.abs(posterior.near(71.9) - 0.5) < 1e-6, "75 is 3.1 away");
  assert.ok(Math.abs(posterior.near(72.1) - 0.45) < 1e-6, "69 is 3.1 away");
  assert.equal(posterior.near(100), 0);
  assert.equal(posteriorOf({ 28: 0.5 }).near(20), 0);
  assert.equal(posteriorOf({ 28: 0.5 }).near(25), 0.5);
  assert.equal(posteriorOf({ 223: 0.5 }).near(226), 0.5);
});

Deno.test("RatePosterior.mostProbable is the mean of the rates around the most probable one", () => {
  const { rate, probability } = posteriorOf({ 71: 0.2, 72: 0.2, 73: 0.2, 140: 0.3 }).mostProbable;
  assert.ok(Math.abs(rate - 72) < 1e-5, `${rate}`);
  assert.ok(Math.abs(probability - 0.6) < 1e-6);
  const skewed = posteriorOf({ 71: 0.1, 72: 0.3 }).mostProbable;
  assert.ok(Math.abs(skewed.rate - 71.75) < 1e-5, `${skewed.rate}`);
});

Deno.test("RatePosterior.logOdds() grows with the probability and is finite", () => {
  const logOdds = (value: number) => posteriorOf({ 72: value }).logOdds(72);
  assert.ok(Math.abs(logOdds(0.5)) < 1e-6);
  assert.ok(Math.abs(logOdds(0) + Math.log(1001)) < 1e-6);
  assert.ok(Math.abs(logOdds(1) - Math.log(1001)) < 1e-6);
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, share, (a, b) => {
      if (Math.abs(a - b) > 1e-6) assert.equal(a < b, logOdds(a) < logOdds(b));
    }),
  );
});

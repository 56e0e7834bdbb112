import assert from "node:assert/strict";
import { networkRegularityOf } from "../../../../../src/vitals/pulse/rate_network/regularity.ts";
import { posteriorOf } from "../../../../support/rate_posterior.ts";

function regularity(newest: number, filtered: number, seconds = 20): string {
  const posteriors = {
    newest: posteriorOf({ 72: newest }),
    filtered: posteriorOf({ 72: filtered }),
  };
  return networkRegularityOf(posteriors, { rate: 72, seconds });
}

Deno.test("networkRegularityOf() needs what the newest window says as well as the windows before", () => {
  assert.equal(regularity(0.61, 0.9), "certain");
  assert.equal(regularity(0.59, 0.9), "likely");
  assert.equal(regularity(0.41, 0.9), "likely");
  assert.equal(regularity(0.39, 0.9), "unknown");
  assert.equal(regularity(0.9, 0.61), "certain");
  assert.equal(regularity(0.9, 0.59), "unknown");
});

Deno.test("networkRegularityOf() needs more until its window is full", () => {
  assert.equal(regularity(0.86, 0.9, 19.9), "certain");
  assert.equal(regularity(0.84, 0.9, 19.9), "unknown");
  assert.equal(regularity(0.84, 0.9, 20), "certain");
});

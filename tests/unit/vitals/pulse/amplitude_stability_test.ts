import assert from "node:assert/strict";
import { amplitudeStabilityDb } from "../../../../src/vitals/pulse/amplitude_stability.ts";
import { SAMPLE_RATE_HZ, signalOf, sine } from "../../../support/synthetic_signals.ts";

Deno.test("amplitudeStabilityDb() is near 0 for a steady sine, lower if it fades or is a step", () => {
  const cycles = 1.2 / SAMPLE_RATE_HZ;
  assert.ok(amplitudeStabilityDb(sine(1.2), cycles) > -0.5);
  // The amplitude in the middles of the segments is 8, 7, 6, 5 and 4 ninths: the mean power is 38/81.
  const fading = signalOf((t) => (1 - t / 15) * Math.sin(2 * Math.PI * 1.2 * t));
  assert.ok(Math.abs(amplitudeStabilityDb(fading, cycles) - 10 * Math.log10(16 / 38)) < 0.3);
  assert.ok(amplitudeStabilityDb(signalOf((t) => (t > 7 ? 1 : 0)), cycles) < -15);
  assert.equal(amplitudeStabilityDb(new Float64Array(300), cycles), -30);
});

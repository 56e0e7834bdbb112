import assert from "node:assert/strict";
import { auxiliaryRates } from "../../../../src/vitals/breathing/auxiliary.ts";
import { loadBreathingModel } from "../../../../src/vitals/breathing/confidence.ts";
import { PulseModulations } from "../../../../src/vitals/breathing/modulation.ts";
import { samplesOf } from "../../../support/samples.ts";

const BREATHS = 14, BEATS = 70;

/** Forty seconds of a pulse whose baseline, amplitude and frequency breathing modulates. */
function modulatedPulse(): PulseModulations {
  const modulations = new PulseModulations();
  const breath = (timeS: number) => Math.sin((2 * Math.PI * BREATHS * timeS) / 60);
  let phase = 0;
  const bvp = Float64Array.from({ length: 40 * 30 }, (_, k) => {
    phase += (2 * Math.PI * (BEATS + 3 * breath(k / 30))) / 60 / 30;
    return (1 + 0.2 * breath(k / 30)) * Math.sin(phase);
  });
  for (const [k, sample] of samplesOf(40).entries()) {
    const g = 110 + 0.3 * breath(k / 30) + 0.5 * bvp[k]!;
    const skin = { r: 150, g, b: 90, pixels: 4000, clipped: 0 };
    modulations.push({ ...sample, regions: { skin } });
    if (k < 300 || k % 15) continue;
    modulations.pushBvpWindow({
      bvp: bvp.slice(k - 299, k + 1),
      startUs: sample.timeUs - (299 * 1e6) / 30,
      sampleRateHz: 30,
      rate: BEATS,
      confidence: 0.95,
      snrDb: 10,
    });
  }
  return modulations;
}

Deno.test("PulseModulations.read() has the breathing rate in baseline, amplitude and frequency", () => {
  const modulations = modulatedPulse().read(25);
  assert.deepEqual(modulations.map(({ name }) => name), ["baseline", "amplitude", "frequency"]);
  const rates = auxiliaryRates(modulations, { sampleRateHz: 10, model: loadBreathingModel() });
  assert.ok(rates.length >= 2, `${rates.length} rates`);
  for (const { name, rate } of rates) {
    assert.ok(Math.abs(rate - BREATHS) < 1.5, `${name} has ${rate}`);
  }
});

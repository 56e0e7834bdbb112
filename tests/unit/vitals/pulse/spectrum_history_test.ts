import assert from "node:assert/strict";
import { SpectrumHistory } from "../../../../src/vitals/pulse/spectrum_history.ts";
import { powerSpectrum } from "../../../../src/vitals/signal/spectrum.ts";
import { SAMPLE_RATE_HZ, sine } from "../../../support/synthetic_signals.ts";

Deno.test("SpectrumHistory compares a frequency with the spectrum of ten seconds before", () => {
  const band = { lowHz: 0.6, highHz: 4.5 };
  const history = new SpectrumHistory();
  history.push(0, powerSpectrum(sine(1.2), { sampleRateHz: SAMPLE_RATE_HZ }));
  assert.equal(history.relativePowerDb(1.2, { timeUs: 5e6, ...band }), undefined);
  assert.equal(history.relativePowerDb(1.25, { timeUs: 10e6, ...band }), 0);
  assert.ok(history.relativePowerDb(1.9, { timeUs: 10e6, ...band })! < -10);
  assert.equal(history.relativePowerDb(1.2, { timeUs: 20e6, ...band }), undefined);
});

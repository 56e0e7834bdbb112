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

Deno.test("SpectrumHistory accepts a spectrum of 9.7 to 13 seconds before", () => {
  const band = { lowHz: 0.6, highHz: 4.5 };
  const history = new SpectrumHistory();
  history.push(1e6, powerSpectrum(sine(1.2), { sampleRateHz: SAMPLE_RATE_HZ }));
  const isKnown = (afterUs: number) =>
    history.relativePowerDb(1.2, { timeUs: 1e6 + afterUs, ...band }) !== undefined;
  assert.deepEqual([9_699_999, 9_700_000, 13_000_000, 13_000_001].map(isKnown), [
    false,
    true,
    true,
    false,
  ]);
});

Deno.test("SpectrumHistory follows a rate that changes by up to 6 beats/min", () => {
  const power = new Float64Array(500).fill(1e-6);
  power[120] = 1;
  const history = new SpectrumHistory();
  history.push(0, { power, binHz: 0.01 });
  const relative = (hz: number) =>
    history.relativePowerDb(hz, { timeUs: 10e6, lowHz: 0.6, highHz: 4.5 });
  for (const hz of [1.1, 1.2, 1.3]) assert.equal(relative(hz), 0);
  for (const hz of [1.09, 1.31]) assert.equal(relative(hz), -30);
});

Deno.test("SpectrumHistory keeps a spectrum for as much time as it may be used", () => {
  const history = new SpectrumHistory();
  const spectrum = powerSpectrum(sine(1.2), { sampleRateHz: SAMPLE_RATE_HZ });
  history.push(0, spectrum);
  history.push(12.9e6, spectrum);
  const options = { timeUs: 12.9e6, lowHz: 0.6, highHz: 4.5 };
  assert.equal(history.relativePowerDb(1.2, options), 0);
  history.reset();
  assert.equal(history.relativePowerDb(1.2, options), undefined);
});

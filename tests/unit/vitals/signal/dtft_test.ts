import assert from "node:assert/strict";
import { powerAt } from "../../../../src/vitals/signal/dtft.ts";
import { powerSpectrum } from "../../../../src/vitals/signal/spectrum.ts";
import { scipy } from "../../../support/scipy.ts";
import {
  SAMPLE_RATE_HZ as sampleRateHz,
  sine,
  whiteNoise,
} from "../../../support/synthetic_signals.ts";

Deno.test("powerAt() equals numpy's power at a frequency, and the bins of powerSpectrum()", async () => {
  const noise = whiteNoise(300, 8);
  const expected = await scipy<number>(
    `
x = np.array(data) * np.hanning(len(data))
result = abs((x * np.exp(-2j*np.pi*1.23/30*np.arange(len(x)))).sum())**2`,
    [...noise],
  );
  const actual = powerAt(noise, 1.23 / sampleRateHz);
  assert.ok(Math.abs(actual / expected - 1) < 1e-9, `${actual} is not ${expected}`);
  const { power, binHz } = powerSpectrum(sine(1.2), { sampleRateHz });
  const bin = Math.round(1.2 / binHz);
  assert.ok(Math.abs(powerAt(sine(1.2), (bin * binHz) / sampleRateHz) / power[bin]! - 1) < 1e-3);
});

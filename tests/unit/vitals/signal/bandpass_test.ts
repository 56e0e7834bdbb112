import assert from "node:assert/strict";
import { bandPassSections, filterZeroPhase } from "../../../../src/vitals/signal/bandpass.ts";
import { assertClose } from "../../../support/close.ts";
import { scipy } from "../../../support/scipy.ts";
import { whiteNoise } from "../../../support/synthetic_signals.ts";

Deno.test("filterZeroPhase() and bandPassSections() equal scipy's filters", async () => {
  const signal = whiteNoise(300, 1);
  const expected = await scipy<Record<string, number[]>>(
    `
x = np.array(data["signal"])
fs = 30.0
sos = np.vstack([scipy.signal.butter(2, 0.7, "high", fs=fs, output="sos"),
                 scipy.signal.butter(2, 4.0, "low", fs=fs, output="sos")])
result = {
  "sections": sos.ravel(),
  "zeroPhase": scipy.signal.sosfiltfilt(sos, x, padtype="odd", padlen=60),
}`,
    { signal: [...signal] },
  );
  const sections = bandPassSections({ lowHz: 0.7, highHz: 4, sampleRateHz: 30 });
  assertClose(
    sections.flatMap(({ b0, b1, b2, a1, a2 }) => [b0, b1, b2, 1, a1, a2]),
    expected.sections!,
    1e-12,
  );
  assertClose(
    filterZeroPhase(signal, sections, { padSamples: 60 }),
    expected.zeroPhase!,
    1e-9,
  );
});

Deno.test("filterZeroPhase() passes a sine in the passband without delay", () => {
  const signal = Float64Array.from({ length: 600 }, (_, k) => Math.sin(2 * Math.PI * 1.5 * k / 30));
  const sections = bandPassSections({ lowHz: 0.5, highHz: 6, sampleRateHz: 30 });
  const filtered = filterZeroPhase(signal, sections, { padSamples: 60 });
  for (let k = 100; k < 500; k++) assert.ok(Math.abs(filtered[k]! - signal[k]!) < 0.05);
});

Deno.test("bandPassSections() rejects a cutoff over half the sample rate", () => {
  assert.throws(
    () => bandPassSections({ lowHz: 0.5, highHz: 20, sampleRateHz: 30 }),
    /Cannot design a filter: cutoffHz must be over 0 and under 15: current value is 20/,
  );
});

import assert from "node:assert/strict";
import { refineFrequency } from "../../../../src/vitals/pulse/refine.ts";
import { scipy } from "../../../support/scipy.ts";
import {
  noisySine,
  SAMPLE_RATE_HZ as sampleRateHz,
  sine,
} from "../../../support/synthetic_signals.ts";

Deno.test("refineFrequency() finds numpy's maximum, and the true frequency without noise", async () => {
  for (const hz of [0.8, 1.234, 2.9]) {
    const noisy = noisySine({ hz, noise: 0.7, seed: 77 }).map((value, k) =>
      value + 0.4 * Math.sin((4 * Math.PI * hz * k) / sampleRateHz + 1)
    );
    const expected = await scipy<number>(
      `
x = np.array(data["signal"]); w = scipy.signal.windows.cosine(len(x)); k = np.arange(len(x))
f = np.arange(data["hz"] - 0.1, data["hz"] + 0.1, 0.0005)
p = lambda f: abs((x * w * np.exp(-2j*np.pi*f*k/30)).sum())**2
result = f[np.argmax([p(v) + 0.6*p(2*v) for v in f])]`,
      { signal: [...noisy], hz },
    );
    const refined = refineFrequency(noisy, { frequencyHz: hz + 0.03, sampleRateHz });
    assert.ok(Math.abs(refined - expected) < 0.002, `${refined} is not ${expected}`);
    const clean = refineFrequency(noisySine({ hz, noise: 0, seed: 1 }), {
      frequencyHz: hz - 0.05,
      sampleRateHz,
    });
    assert.ok(Math.abs(clean - hz) < 0.002, `${clean} is not ${hz}`);
  }
});

Deno.test("refineFrequency() searches up to 0.1 Hz from the candidate, and keeps it otherwise", () => {
  for (const sign of [-1, 1]) {
    const refined = (offsetHz: number) =>
      refineFrequency(sine(1.5 + sign * offsetHz), { frequencyHz: 1.5, sampleRateHz });
    for (const offsetHz of [0, 0.01, 0.05, 0.085]) {
      assert.ok(
        Math.abs(refined(offsetHz) - 1.5 - sign * offsetHz) < 0.002,
        `${refined(offsetHz)}`,
      );
    }
    for (const offsetHz of [0.115, 0.15]) assert.equal(refined(offsetHz), 1.5);
  }
});

Deno.test("refineFrequency() weights the power of the harmonic by 0.6", () => {
  // The harmonic is off by 0.06 Hz, half of which it pulls the rate towards, as its weight allows.
  const signal = sine(1.2).map((value, k) =>
    value + Math.sin((2 * Math.PI * 2.46 * k) / sampleRateHz)
  );
  const [fundamental, both] = [sine(1.2), signal]
    .map((bvp) => refineFrequency(bvp, { frequencyHz: 1.2, sampleRateHz }));
  // Both lobes are parabolas at their maximum; that of the harmonic is four times as narrow.
  const share = (4 * 0.6) / (1 + 4 * 0.6);
  assert.ok(Math.abs(both! - fundamental! - share * 0.03) < 0.003, `${both}`);
});

import assert from "node:assert/strict";
import { phaseCoherence, type RegionSignal } from "../../../../src/vitals/pulse/coherence.ts";
import { scipy } from "../../../support/scipy.ts";
import {
  noisySine,
  SAMPLE_RATE_HZ as sampleRateHz,
  sine,
} from "../../../support/synthetic_signals.ts";

const REGIONS = ["forehead", "glabella", "left_cheek", "right_cheek"];

function regionSignals(signals: readonly Float64Array[]): RegionSignal[] {
  return signals.map((bvp, k) => ({ region: REGIONS[k]!, bvp, weight: 1 }));
}

Deno.test("phaseCoherence() is high for a shared pulse and 0 on average for independent noise", () => {
  const pulses = REGIONS.map((_, seed) => noisySine({ hz: 1.2, noise: 1, seed }));
  assert.ok(phaseCoherence(regionSignals(pulses), { frequencyHz: 1.2, sampleRateHz })! > 0.9);
  let sum = 0;
  for (let trial = 0; trial < 200; trial++) {
    const noise = REGIONS.map((_, k) => noisySine({ hz: 0, noise: 1, seed: 10 * trial + k }));
    sum += phaseCoherence(regionSignals(noise), { frequencyHz: 1.2, sampleRateHz })!;
  }
  // The mean of (K·R² - 1)/(K - 1) over random phases is 0.
  assert.ok(Math.abs(sum / 200) < 0.05, `${sum / 200}`);
});

for (const [samples, segments] of [[270, 3], [267, 2]] as const) {
  Deno.test(`phaseCoherence() equals numpy's result for ${segments} segments`, async () => {
    const signals = REGIONS.map((_, seed) =>
      noisySine({ hz: 1.1, noise: 3, seed: seed + 50 }).subarray(0, samples)
    );
    const expected = await scipy<number>(
      `
w = np.array(data); n = w.shape[1]; k = np.arange(n); t = 2*k/n - 1
basis = np.array([t**d * f(2*np.pi*1.1*k/30) for d in range(3) for f in (np.cos, np.sin)]).T
w = (basis @ np.linalg.lstsq(basis, w.T, rcond=None)[0]).T
m = n // ${segments}; k = np.arange(m); total = 0
for part in range(${segments}):
    z = (w[:, part*m:(part+1)*m] * np.hanning(m) * np.exp(-2j*np.pi*1.1*k/30)).sum(axis=1)
    r = abs(np.exp(1j*np.angle(z)).mean())
    total += (4 * r**2 - 1) / 3
result = total / ${segments}`,
      signals.map((bvp) => [...bvp]),
    );
    const actual = phaseCoherence(regionSignals(signals), { frequencyHz: 1.1, sampleRateHz });
    assert.ok(Math.abs(actual! - expected) < 1e-9, `${actual} is not ${expected}`);
  });
}

Deno.test("phaseCoherence() ignores a stronger oscillation beside, whose phases differ", () => {
  const signals = REGIONS.map((_, k) => {
    const pulse = sine(2.3), stride = sine(2.6);
    return pulse.map((value, n) => value + 2 * (k % 2 ? 1 : -1) * stride[n]!);
  });
  const coherence = phaseCoherence(regionSignals(signals), { frequencyHz: 2.3, sampleRateHz })!;
  assert.ok(coherence > 0.6, `${coherence}`);
});

Deno.test("phaseCoherence() needs three regions, and counts one signal of each", () => {
  const signals = regionSignals(REGIONS.slice(0, 3).map(() => sine(1.2)));
  const options = { frequencyHz: 1.2, sampleRateHz };
  assert.ok(Math.abs(phaseCoherence(signals, options)! - 1) < 1e-9);
  assert.equal(phaseCoherence(signals.slice(0, 2), options), undefined);
  const [first] = signals;
  // Of the signals of a region, the one with the highest weight counts.
  const weak = { ...first!, bvp: first!.bvp.map((value) => -value), weight: 0.5 };
  assert.ok(Math.abs(phaseCoherence([weak, ...signals, weak], options)! - 1) < 1e-9);
  const strong = { ...weak, weight: 2 };
  assert.ok(phaseCoherence([...signals, strong], options)! < 0);
});

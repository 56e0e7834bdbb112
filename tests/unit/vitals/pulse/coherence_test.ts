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

Deno.test("phaseCoherence() equals numpy's result, and is undefined for two regions", async () => {
  const signals = REGIONS.map((_, seed) => noisySine({ hz: 1.1, noise: 3, seed: seed + 50 }));
  const expected = await scipy<number>(
    `
w = np.array(data); n = w.shape[1] // 3; total = 0
k = np.arange(n)
for part in range(3):
    x = w[:, part*n:(part+1)*n] * np.hanning(n)
    z = (x * np.exp(-2j*np.pi*1.1*k/30)).sum(axis=1)
    r = abs(np.exp(1j*np.angle(z)).mean())
    total += (4 * r**2 - 1) / 3
result = total / 3`,
    signals.map((bvp) => [...bvp]),
  );
  const actual = phaseCoherence(regionSignals(signals), { frequencyHz: 1.1, sampleRateHz });
  assert.ok(Math.abs(actual! - expected) < 1e-9, `${actual} is not ${expected}`);
  assert.equal(
    phaseCoherence(regionSignals(signals.slice(0, 2)), { frequencyHz: 1.1, sampleRateHz }),
    undefined,
  );
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

Deno.test("phaseCoherence() compares phases in segments of three seconds", () => {
  // In each third of nine seconds the regions agree, but the phase changes between the thirds.
  const phases = [0, 2, 4];
  const ofSeconds = (seconds: number) =>
    phaseCoherence(
      regionSignals(REGIONS.map((_, region) =>
        Float64Array.from({ length: Math.round(seconds * sampleRateHz) }, (_, k) => {
          const third = Math.floor((3 * k) / (seconds * sampleRateHz));
          const sign = region % 2 && third === 1 ? -1 : 1;
          return sign * Math.sin((2 * Math.PI * 1.2 * k) / sampleRateHz + phases[third]!);
        })
      )),
      { frequencyHz: 1.2, sampleRateHz },
    )!;
  // In the middle third half of the regions are opposed: (4·0 - 1)/3.
  assert.ok(Math.abs(ofSeconds(9) - (1 + 1 - 1 / 3) / 3) < 1e-6, `${ofSeconds(9)}`);
  // Under nine seconds there are two segments, each of which contains half of the middle third.
  assert.ok(Math.abs(ofSeconds(8.9) - ofSeconds(9)) > 0.02, `${ofSeconds(8.9)}`);
});

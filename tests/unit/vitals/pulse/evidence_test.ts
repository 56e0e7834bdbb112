import assert from "node:assert/strict";
import fc from "fast-check";
import { coherenceOf, type RegionSignal } from "../../../../src/vitals/pulse/coherence.ts";
import {
  FEATURE_NAMES,
  type FeatureName,
  loadConfidenceModel,
  pulseConfidence,
} from "../../../../src/vitals/pulse/confidence.ts";
import { PulseEstimator } from "../../../../src/vitals/pulse/estimator.ts";
import { fuse } from "../../../../src/vitals/pulse/fusion.ts";
import { refineFrequency } from "../../../../src/vitals/pulse/refine.ts";
import { whiten } from "../../../../src/vitals/pulse/whitening.ts";
import { powerSpectrum } from "../../../../src/vitals/signal/spectrum.ts";
import { faceSamples } from "../../../support/face_samples.ts";
import { Random } from "../../../support/random.ts";
import { scipy } from "../../../support/scipy.ts";

const sampleRateHz = 30;
const PLACES = ["forehead", "glabella", "left_cheek", "right_cheek"];

/** Ten seconds of a beat at `hz` with noise of its own. */
function wave({ hz, noise, seed }: { hz: number; noise: number; seed: number }): Float64Array {
  const random = new Random(seed);
  return Float64Array.from(
    { length: 300 },
    (_, k) => Math.sin((2 * Math.PI * hz * k) / sampleRateHz) + noise * random.normal(),
  );
}

function placed(waves: readonly Float64Array[]): RegionSignal[] {
  return waves.map((bvp, k) => ({ place: PLACES[k]!, bvp, weight: 1 }));
}

Deno.test("places that beat together are coherent, noise of their own is not", () => {
  const beating = PLACES.map((_, seed) => wave({ hz: 1.2, noise: 1, seed }));
  assert.ok(coherenceOf(placed(beating), { frequencyHz: 1.2, sampleRateHz })! > 0.9);
  let sum = 0;
  for (let trial = 0; trial < 200; trial++) {
    const noise = PLACES.map((_, k) => wave({ hz: 0, noise: 1, seed: 10 * trial + k }));
    sum += coherenceOf(placed(noise), { frequencyHz: 1.2, sampleRateHz })!;
  }
  // Random phases: the mean of (K·R² - 1)/(K - 1) is 0.
  assert.ok(Math.abs(sum / 200) < 0.05, `${sum / 200}`);
});

Deno.test("the coherence is that of numpy's phases, and unknown under three places", async () => {
  const waves = PLACES.map((_, seed) => wave({ hz: 1.1, noise: 3, seed: seed + 50 }));
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
    waves.map((bvp) => [...bvp]),
  );
  const actual = coherenceOf(placed(waves), { frequencyHz: 1.1, sampleRateHz });
  assert.ok(Math.abs(actual! - expected) < 1e-9, `${actual} is not ${expected}`);
  assert.equal(
    coherenceOf(placed(waves.slice(0, 2)), { frequencyHz: 1.1, sampleRateHz }),
    undefined,
  );
});

/** Noise of power f to minus `exponent`: waves of random phase. */
function coloredNoise(exponent: number, seed: number): Float64Array {
  const random = new Random(seed);
  const noise = new Float64Array(300);
  for (let m = 2; m < 150; m++) {
    const phase = 2 * Math.PI * random.uniform();
    const size = (m / 10) ** (-exponent / 2);
    for (let k = 0; k < 300; k++) noise[k]! += size * Math.cos((2 * Math.PI * m * k) / 300 + phase);
  }
  return noise;
}

Deno.test("whitening finds the slope of coloured noise on average, and stays within its limits", () => {
  const meanSlope = (exponent: number) => {
    let sum = 0;
    for (let seed = 0; seed < 40; seed++) {
      sum += whiten(powerSpectrum(coloredNoise(exponent, seed), { sampleRateHz }));
    }
    return sum / 40;
  };
  assert.ok(Math.abs(meanSlope(0) - 1) < 0.01);
  assert.ok(Math.abs(meanSlope(1.25) - 1.25) < 0.1, `${meanSlope(1.25)}`);
  assert.ok(Math.abs(meanSlope(3) - 1.5) < 0.01);
});

Deno.test("votes that see the same beat are fused to its rate, whatever a loud one says", () => {
  const votes = [
    ...[1, 2, 3].map((seed) => ({ name: `v${seed}`, bvp: wave({ hz: 1.3, noise: 1, seed }) })),
    { name: "liar", bvp: wave({ hz: 2.2, noise: 0.8, seed: 4 }) },
  ];
  const candidate = fuse(votes, { sampleRateHz })!;
  assert.ok(Math.abs(candidate.frequencyHz - 1.3) < 0.02, `${candidate.frequencyHz}`);
  assert.ok(candidate.features.agreement > 0.4);
  assert.equal(candidate.features.placed, 0);
});

Deno.test("a rate is refined to the top of what numpy sums up, and to the truth where it is clean", async () => {
  for (const hz of [0.8, 1.234, 2.9]) {
    const noisy = wave({ hz, noise: 0.7, seed: 77 }).map((value, k) =>
      value + 0.4 * Math.sin((4 * Math.PI * hz * k) / sampleRateHz + 1)
    );
    const expected = await scipy<number>(
      `
x = np.array(data["wave"]); w = scipy.signal.windows.cosine(len(x)); k = np.arange(len(x))
f = np.arange(data["hz"] - 0.1, data["hz"] + 0.1, 0.0005)
p = lambda f: abs((x * w * np.exp(-2j*np.pi*f*k/30)).sum())**2
result = f[np.argmax([p(v) + 0.6*p(2*v) for v in f])]`,
      { wave: [...noisy], hz },
    );
    const refined = refineFrequency(noisy, { frequencyHz: hz + 0.03, sampleRateHz });
    assert.ok(Math.abs(refined - expected) < 0.002, `${refined} is not ${expected}`);
    const clean = refineFrequency(wave({ hz, noise: 0, seed: 1 }), {
      frequencyHz: hz - 0.05,
      sampleRateHz,
    });
    assert.ok(Math.abs(clean - hz) < 0.002, `${clean} is not ${hz}`);
  }
});

Deno.test("silence and constants are no candidates", () => {
  assert.equal(fuse([], { sampleRateHz }), undefined);
  assert.equal(
    fuse([{ name: "flat", bvp: new Float64Array(300).fill(5) }], { sampleRateHz }),
    undefined,
  );
  assert.equal(
    fuse([{ name: "holes", bvp: new Float64Array(300).fill(NaN) }], { sampleRateHz }),
    undefined,
  );
});

Deno.test("the shipped confidence is a probability that grows with the evidence", () => {
  const model = loadConfidenceModel();
  const feature = fc.double({ min: -50, max: 50, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(...FEATURE_NAMES.map(() => feature)), feature, (values, more) => {
      const asked = Object.fromEntries(
        FEATURE_NAMES.map((name, k) => [name, values[k]!]),
      ) as Record<FeatureName, number>;
      const p = pulseConfidence(asked, model);
      assert.ok(p >= 0 && p <= 1);
      for (const name of ["snrDb", "prominenceDb", "amplitudeStabilityDb", "pastDb"] as const) {
        const better = { ...asked, [name]: asked[name] + Math.abs(more) };
        assert.ok(pulseConfidence(better, model) >= p - 1e-12, name);
      }
    }),
  );
});

Deno.test("a rate that rounds into the range is told as its end, one further out is withheld", () => {
  const last = (pulse: number) => {
    const estimator = new PulseEstimator();
    for (const sample of faceSamples({ pulse: () => pulse, seconds: 12 })) estimator.push(sample);
    return estimator.estimate();
  };
  assert.equal(last(39.7).strict?.value, 40);
  assert.equal(last(180.3).strict?.value, 180);
  for (const pulse of [38.5, 182]) assert.equal(last(pulse).withheld, "low_quality", `${pulse}`);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  amplitudeAt,
  bandPower,
  findPeaks,
  hann,
  harmonicSnrDb,
  interpolatePeak,
  powerNear,
  powerSpectra,
  powerSpectrum,
} from "../../../../src/vitals/signal/spectrum.ts";
import { assertClose } from "../../../support/close.ts";
import { scipy } from "../../../support/scipy.ts";
import { whiteNoise } from "../../../support/synthetic_signals.ts";

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} instead of ${expected}`);

/** Ten seconds of a sine with a phase of 0.7, sampled at 30 Hz. */
function shiftedSine(hz: number): Float64Array {
  return Float64Array.from({ length: 300 }, (_, k) => Math.sin(2 * Math.PI * hz * k / 30 + 0.7));
}

Deno.test("powerSpectrum() equals numpy's periodogram", async () => {
  const signal = whiteNoise(300, 1);
  const expected = await scipy<number[]>(
    `
x = np.array(data)
w = scipy.signal.get_window("hann", len(x), fftbins=False)
result = np.abs(np.fft.rfft((x - x.mean()) * w, 1024))**2`,
    [...signal],
  );
  assertClose(powerSpectrum(signal, { sampleRateHz: 30 }).power, expected, 1e-6);
});

Deno.test("findPeaks() finds a clean sine within 0.1 beats/min at every rate", () => {
  fc.assert(
    fc.property(fc.double({ min: 40.5, max: 179.5, noNaN: true }), (bpm) => {
      const spectrum = powerSpectrum(shiftedSine(bpm / 60), { sampleRateHz: 30 });
      const [peak] = findPeaks(spectrum, { lowHz: 40 / 60, highHz: 3 });
      assert.ok(peak && Math.abs(peak.frequencyHz * 60 - bpm) < 0.1, `${peak?.frequencyHz}`);
    }),
    { numRuns: 60 },
  );
});

Deno.test("findPeaks() ignores the slope of a peak outside the band", () => {
  for (const bpm of [30, 36, 186, 195]) {
    const spectrum = powerSpectrum(shiftedSine(bpm / 60), { sampleRateHz: 30 });
    const [peak] = findPeaks(spectrum, { lowHz: 40 / 60, highHz: 3 });
    assert.ok(!peak || peak.power < 0.01 * Math.max(...spectrum.power), `${bpm}`);
  }
});

Deno.test("harmonicSnrDb() is the power ratio of two distant sines", () => {
  // 10·log10(1²/0.1²) = 20 dB.
  const signal = shiftedSine(1.2)
    .map((value, k) => value + 0.1 * Math.sin(2 * Math.PI * 1.7 * k / 30));
  const spectrum = powerSpectrum(signal, { sampleRateHz: 30, padFactor: 12 });
  const snr = harmonicSnrDb(spectrum, {
    frequencyHz: 1.2,
    lowHz: 0.6,
    highHz: 4,
    halfWidthHz: 0.2,
  });
  assert.ok(Math.abs(snr - 20) < 0.5, `${snr}`);
});

Deno.test("powerSpectrum() keeps the peak of a sine with a gap", () => {
  const signal = shiftedSine(1.3);
  signal.fill(NaN, 100, 120);
  const spectrum = powerSpectrum(signal, { sampleRateHz: 30 });
  const [peak] = findPeaks(spectrum, { lowHz: 40 / 60, highHz: 3 });
  assert.ok(peak && Math.abs(peak.frequencyHz - 1.3) < 0.01);
});

Deno.test("hann() is symmetric, 0 at both ends and 1 in the middle", () => {
  assertClose(hann(5), [0, 0.5, 1, 0.5, 0], 1e-12);
  assertClose(hann(4), [0, 0.75, 0.75, 0], 1e-12);
  assert.deepEqual([...hann(1)], [1]);
  assert.deepEqual([...hann(0)], []);
  for (let length = 2; length < 150; length++) assert.equal(hann(length).length, length);
  assertClose(hann(5), [0, 0.5, 1, 0.5, 0], 1e-12);
});

/** Power of a signal under a Hann window at a frequency in cycles per sample, by its definition. */
function naivePower(signal: readonly number[], cycles: number): number {
  const present = signal.filter(Number.isFinite);
  const center = present.length ? present.reduce((sum, value) => sum + value) / present.length : 0;
  let [re, im] = [0, 0];
  signal.forEach((value, k) => {
    if (Number.isNaN(value)) return;
    const windowed = (value - center) * Math.sin((Math.PI * k) / (signal.length - 1)) ** 2;
    re += windowed * Math.cos(2 * Math.PI * cycles * k);
    im -= windowed * Math.sin(2 * Math.PI * cycles * k);
  });
  return re * re + im * im;
}

Deno.test("powerSpectra() has the power of each signal by its definition, without its mean and gaps", () => {
  const signals = [1, 2, 3].map((seed) => whiteNoise(20, seed).map((value) => value + 10 * seed));
  signals[1]!.fill(NaN, 5, 9);
  for (const [padFactor, size] of [[1, 32], [1.6, 32], [1.7, 64], [3, 64]] as const) {
    for (const count of [1, 2, 3]) {
      const spectra = powerSpectra(signals.slice(0, count), { sampleRateHz: 30, padFactor });
      assert.equal(spectra.length, count);
      spectra.forEach(({ power, binHz }, index) => {
        assert.equal(binHz, 30 / size);
        const expected = Array.from(
          { length: size / 2 + 1 },
          (_, bin) => naivePower([...signals[index]!], bin / size),
        );
        assertClose(power, expected, 1e-9);
      });
    }
  }
  assert.equal(powerSpectrum(signals[0]!, { sampleRateHz: 30 }).binHz, 30 / 64);
  assert.deepEqual(powerSpectra([], { sampleRateHz: 30 }), []);
});

Deno.test("powerSpectrum() has no power for gaps only", () => {
  const { power } = powerSpectrum(new Float64Array(20).fill(NaN), { sampleRateHz: 30 });
  assert.ok(power.every((value) => value === 0));
});

const BIN_HZ = 0.01;
/** A spectrum of 0 to 5 Hz that is `floor` except at these frequencies. */
function spectrumOf(peaks: readonly (readonly [hz: number, power: number])[], floor = 0) {
  const power = new Float64Array(501).fill(floor);
  for (const [hz, value] of peaks) power[Math.round(hz / BIN_HZ)] = value;
  return { power, binHz: BIN_HZ };
}

Deno.test("interpolatePeak() is exact for a Gaussian", () => {
  for (const center of [9.6, 9.9, 10, 10.2, 10.45]) {
    const power = Float64Array.from(
      { length: 30 },
      (_, k) => 7 * Math.exp(-((k - center) ** 2) / 8),
    );
    const peak = interpolatePeak({ power, binHz: 0.5 }, 10);
    assert.ok(Math.abs(peak.frequencyHz - center * 0.5) < 1e-9, `${peak.frequencyHz}`);
    assert.ok(Math.abs(peak.power - 7) < 1e-9 && peak.bin === 10);
  }
});

Deno.test("interpolatePeak() moves by up to half a bin, and not in a valley, a line or at an end", () => {
  const shiftOf = (...power: number[]) =>
    interpolatePeak({ power: Float64Array.from(power), binHz: 1 }, 1).frequencyHz - 1;
  assert.equal(shiftOf(1, 2, 100), 0);
  assert.equal(shiftOf(1, 90, 100), 0.5);
  assert.equal(shiftOf(100, 90, 1), -0.5);
  assert.equal(shiftOf(1, 1, 1), 0);
  // Without a neighbor, the power there counts as nearly 0.
  const first = interpolatePeak({ power: Float64Array.of(4, 2), binHz: 1 }, 0);
  assert.ok(first.frequencyHz >= 0 && first.frequencyHz <= 0.5);
  assert.ok(Math.abs(shiftOf(2, 4)) <= 0.5);
  assert.equal(shiftOf(0, 4, 0), 0);
});

Deno.test("findPeaks() has the maxima in the band, highest first, up to the limit", () => {
  const spectrum = spectrumOf([[0.9, 3], [1.3, 5], [2, 4], [2.7, 1]]);
  const found = (options: { lowHz: number; highHz: number; limit?: number }) =>
    findPeaks(spectrum, options).map(({ frequencyHz, bin }) => {
      assert.equal(Math.round(frequencyHz * 100), bin);
      return Math.round(frequencyHz * 100) / 100;
    });
  assert.deepEqual(found({ lowHz: 0.5, highHz: 3 }), [1.3, 2, 0.9, 2.7]);
  assert.deepEqual(found({ lowHz: 0.5, highHz: 3, limit: 2 }), [1.3, 2]);
  assert.deepEqual(found({ lowHz: 0.895, highHz: 2.705 }), [1.3, 2, 0.9, 2.7]);
  assert.deepEqual(found({ lowHz: 0.905, highHz: 2.695 }), [1.3, 2]);
  assert.deepEqual(found({ lowHz: 0, highHz: 99 }), [1.3, 2, 0.9, 2.7]);
});

Deno.test("findPeaks() has the interpolated frequency in the band", () => {
  // The maximum is at 1.004 Hz, between two bins.
  const power = Float64Array.from({ length: 300 }, (_, k) => Math.exp(-((k - 100.4) ** 2) / 50));
  const isFound = (lowHz: number, highHz: number) =>
    findPeaks({ power, binHz: BIN_HZ }, { lowHz, highHz }).length === 1;
  assert.deepEqual([isFound(1.0035, 2), isFound(1.0045, 2)], [true, false]);
  assert.deepEqual([isFound(0.5, 1.0045), isFound(0.5, 1.0035)], [true, false]);
});

Deno.test("findPeaks() has one peak for equal bins, and none at the ends of the spectrum", () => {
  const peaksOf = (...power: number[]) =>
    findPeaks({ power: Float64Array.from(power), binHz: 1 }, { lowHz: 0, highHz: 99 })
      .map(({ bin }) => bin);
  assert.deepEqual(peaksOf(0, 2, 2, 0), [1]);
  assert.deepEqual(peaksOf(3, 2, 1, 0), []);
  assert.deepEqual(peaksOf(0, 1, 2, 3), []);
  assert.deepEqual(peaksOf(0, 1, 0, 3, 1), [3, 1]);
});

Deno.test("powerNear() is the highest power within a distance, at least of three bins", () => {
  const spectrum = spectrumOf([[1, 8], [4.99, 3]]);
  const isNear = (hz: number, withinHz?: number) => powerNear(spectrum, hz, withinHz) === 8;
  assert.deepEqual([0.984, 0.986, 1.014, 1.016].map((hz) => isNear(hz)), [
    false,
    true,
    true,
    false,
  ]);
  assert.deepEqual([0.89, 0.91, 1.09, 1.11].map((hz) => isNear(hz, 0.1)), [
    false,
    true,
    true,
    false,
  ]);
  assert.deepEqual([0.98, 0.99].map((hz) => isNear(hz, 0.001)), [false, true]);
  assert.equal(powerNear(spectrum, 5.03, 0.05), 3);
  assert.equal(powerNear(spectrum, 9), 0);
  assert.equal(powerNear(spectrum, 0), 0);
});

Deno.test("bandPower() adds the power of the band, with both of its ends", () => {
  const { power } = spectrumOf([], 1);
  const sum = (lowHz: number, highHz: number) =>
    bandPower({ power, binHz: 0.5 }, { lowHz, highHz });
  assert.equal(sum(1, 3), 5);
  assert.equal(sum(1.1, 3.2), 4);
  assert.equal(sum(-1, 0.6), 2);
  assert.equal(sum(249, 999), 3);
});

Deno.test("harmonicSnrDb() counts 0.1 Hz around the pulse and 0.2 Hz around its harmonic as signal", () => {
  const options = { frequencyHz: 1.2, lowHz: 0.6, highHz: 4.5 };
  const snrWith = (hz: number) =>
    harmonicSnrDb(spectrumOf([[1.2, 10], [0.7, 1], [hz, 90]]), options);
  for (const hz of [1.11, 1.29, 2.21, 2.59]) near(snrWith(hz), 20);
  for (const hz of [1.08, 1.32, 2.19, 2.61]) near(snrWith(hz), 10 * Math.log10(10 / 91));
  // Outside the band is neither.
  for (const hz of [0.59, 4.52]) near(snrWith(hz), 10);
  for (const hz of [0.6, 4.5]) near(snrWith(hz), 10 * Math.log10(10 / 91));
});

Deno.test("harmonicSnrDb() is from -Infinity without a signal to 60 dB without noise", () => {
  const options = { frequencyHz: 1.2, lowHz: 0.6, highHz: 9 };
  assert.equal(harmonicSnrDb(spectrumOf([]), options), -Infinity);
  assert.equal(harmonicSnrDb(spectrumOf([[3, 1]]), options), -Infinity);
  near(harmonicSnrDb(spectrumOf([[1.2, 5]]), options), 60);
  near(harmonicSnrDb(spectrumOf([[1.2, 1e6], [3, 0.9]]), options), 60);
  near(harmonicSnrDb(spectrumOf([[1.2, 1e6], [3, 2]]), options), 10 * Math.log10(5e5));
});

Deno.test("amplitudeAt() is the amplitude of a sine", () => {
  for (const amplitude of [0.5, 3]) {
    const signal = shiftedSine(1.2).map((value) => amplitude * value);
    const spectrum = powerSpectrum(signal, { sampleRateHz: 30, padFactor: 12 });
    const found = amplitudeAt(spectrum, { frequencyHz: 1.2, samples: 300 });
    assert.ok(Math.abs(found / amplitude - 1) < 0.01, `${found}`);
    assert.equal(amplitudeAt(spectrum, { frequencyHz: 16, samples: 300 }), 0);
  }
});

import assert from "node:assert/strict";
import { bandPassSections, filterZeroPhase } from "../../../../src/vitals/signal/bandpass.ts";
import { detrendSmoothnessPriors, movingMean } from "../../../../src/vitals/signal/detrend.ts";
import { fft } from "../../../../src/vitals/signal/fft.ts";
import { powerSpectrum } from "../../../../src/vitals/signal/spectrum.ts";
import { Random } from "../../../support/random.ts";
import { assertClose } from "../../../support/close.ts";
import { scipy } from "../../../support/scipy.ts";

function noise(length: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length }, () => random.normal());
}

Deno.test("filters, detrending and spectra give what numpy and scipy give", async () => {
  const signal = noise(300, 1);
  const expected = await scipy<Record<string, number[]>>(
    `
x = np.array(data["signal"])
fs = 30.0
sos = np.vstack([scipy.signal.butter(2, 0.7, "high", fs=fs, output="sos"),
                 scipy.signal.butter(2, 4.0, "low", fs=fs, output="sos")])
n = len(x)
D = np.diff(np.eye(n), n=2, axis=0)
w = scipy.signal.get_window(("hann"), n, fftbins=False)
half = 22
result = {
  "sections": sos.ravel(),
  "zeroPhase": scipy.signal.sosfiltfilt(sos, x, padtype="odd", padlen=60),
  "priors": x - np.linalg.solve(np.eye(n) + 100.0**2 * D.T @ D, x),
  "power": np.abs(np.fft.rfft((x - x.mean()) * w, 1024))**2,
  "movingMean": [x[max(0, k-half):k+half+1].mean() for k in range(n)],
  "fftReal": np.fft.fft(x[:256]).real, "fftImaginary": np.fft.fft(x[:256]).imag,
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
  assertClose(detrendSmoothnessPriors(signal, 100), expected.priors!, 1e-8);
  assertClose(powerSpectrum(signal, { sampleRateHz: 30 }).power, expected.power!, 1e-6);
  assertClose(movingMean(signal, 45), expected.movingMean!, 1e-12);
  const re = signal.slice(0, 256);
  const im = new Float64Array(256);
  fft(re, im);
  assertClose(re, expected.fftReal!, 1e-9);
  assertClose(im, expected.fftImaginary!, 1e-9);
});

Deno.test("a zero-phase band-pass leaves a wave of its band in place", () => {
  const wave = Float64Array.from({ length: 600 }, (_, k) => Math.sin(2 * Math.PI * 1.5 * k / 30));
  const sections = bandPassSections({ lowHz: 0.5, highHz: 6, sampleRateHz: 30 });
  const filtered = filterZeroPhase(wave, sections, { padSamples: 60 });
  for (let k = 100; k < 500; k++) assert.ok(Math.abs(filtered[k]! - wave[k]!) < 0.05);
});

Deno.test("a cut-off beyond half the sample rate is refused", () => {
  assert.throws(
    () => bandPassSections({ lowHz: 0.5, highHz: 20, sampleRateHz: 30 }),
    /Cannot filter at 20 Hz: samples come at 30 Hz/,
  );
});

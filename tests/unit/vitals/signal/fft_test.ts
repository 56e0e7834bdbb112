import assert from "node:assert/strict";
import { fft, nextPowerOfTwo } from "../../../../src/vitals/signal/fft.ts";
import { assertClose } from "../../../support/close.ts";
import { scipy } from "../../../support/scipy.ts";
import { whiteNoise } from "../../../support/synthetic_signals.ts";

Deno.test("fft() equals numpy's transform", async () => {
  const re = whiteNoise(256, 1);
  const expected = await scipy<Record<string, number[]>>(
    `
X = np.fft.fft(np.array(data))
result = {"real": X.real, "imaginary": X.imag}`,
    [...re],
  );
  const im = new Float64Array(256);
  fft(re, im);
  assertClose(re, expected.real!, 1e-9);
  assertClose(im, expected.imaginary!, 1e-9);
});

Deno.test("fft() equals the sum of its definition for complex signals of any power of two", () => {
  for (const size of [1, 2, 4, 8, 16, 64]) {
    const [re, im] = [whiteNoise(size, 2), whiteNoise(size, 3)];
    const sums = Array.from({ length: size }, (_, m) => {
      let [sumRe, sumIm] = [0, 0];
      for (let k = 0; k < size; k++) {
        const angle = (-2 * Math.PI * k * m) / size;
        sumRe += re[k]! * Math.cos(angle) - im[k]! * Math.sin(angle);
        sumIm += re[k]! * Math.sin(angle) + im[k]! * Math.cos(angle);
      }
      return [sumRe, sumIm] as const;
    });
    const [re2, im2] = [re.slice(), im.slice()];
    fft(re, im);
    assertClose(re, sums.map(([value]) => value), 1e-11);
    assertClose(im, sums.map(([, value]) => value), 1e-11);
    // A second transform of the size uses the same tables.
    fft(re2, im2);
    assert.deepEqual([re2, im2], [re, im]);
  }
});

Deno.test("fft() rejects a length that is no power of two", () => {
  for (const size of [0, 3, 6, 12]) {
    assert.throws(
      () => fft(new Float64Array(size), new Float64Array(size)),
      new RegExp(`power of two: current value is ${size}$`),
    );
  }
});

Deno.test("nextPowerOfTwo() is the smallest power of two from a number on", () => {
  const cases = [[0, 1], [1, 1], [2, 2], [3, 4], [4, 4], [5, 8], [8, 8], [750, 1024], [1025, 2048]];
  for (const [number, power] of cases) assert.equal(nextPowerOfTwo(number!), power, `${number}`);
});

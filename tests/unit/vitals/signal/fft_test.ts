import { fft } from "../../../../src/vitals/signal/fft.ts";
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

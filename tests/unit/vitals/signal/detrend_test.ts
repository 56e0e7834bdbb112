import { movingMean } from "../../../../src/vitals/signal/detrend.ts";
import { assertClose } from "../../../support/close.ts";
import { scipy } from "../../../support/scipy.ts";
import { whiteNoise } from "../../../support/synthetic_signals.ts";

Deno.test("movingMean() equals numpy's result", async () => {
  const signal = whiteNoise(300, 1);
  const expected = await scipy<number[]>(
    `
x = np.array(data)
half = 22
result = [x[max(0, k-half):k+half+1].mean() for k in range(len(x))]`,
    [...signal],
  );
  assertClose(movingMean(signal, 45), expected, 1e-12);
});

Deno.test("movingMean() is the mean of a centered window that shrinks at both ends", () => {
  const signal = whiteNoise(40, 2);
  for (
    const [windowSamples, half] of [[0, 0], [1, 0], [2, 1], [3, 1], [4, 2], [7, 3], [
      100,
      50,
    ]] as const
  ) {
    const expected = Array.from(signal, (_, k) => {
      const window = signal.subarray(Math.max(0, k - half), k + half + 1);
      return window.reduce((sum, value) => sum + value, 0) / window.length;
    });
    assertClose(movingMean(signal, windowSamples), expected, 1e-12);
  }
  assertClose(movingMean(signal, -3), signal, 1e-12);
  assertClose(movingMean(new Float64Array(0), 5), [], 0);
});

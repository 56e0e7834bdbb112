import { detrendSmoothnessPriors, movingMean } from "../../../../src/vitals/signal/detrend.ts";
import { assertClose } from "../../../support/close.ts";
import { scipy } from "../../../support/scipy.ts";
import { whiteNoise } from "../../../support/synthetic_signals.ts";

Deno.test("detrendSmoothnessPriors() and movingMean() equal numpy's results", async () => {
  const signal = whiteNoise(300, 1);
  const expected = await scipy<Record<string, number[]>>(
    `
x = np.array(data["signal"])
n = len(x)
D = np.diff(np.eye(n), n=2, axis=0)
half = 22
result = {
  "priors": x - np.linalg.solve(np.eye(n) + 100.0**2 * D.T @ D, x),
  "movingMean": [x[max(0, k-half):k+half+1].mean() for k in range(n)],
}`,
    { signal: [...signal] },
  );
  assertClose(detrendSmoothnessPriors(signal, 100), expected.priors!, 1e-8);
  assertClose(movingMean(signal, 45), expected.movingMean!, 1e-12);
});

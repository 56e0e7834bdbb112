import assert from "node:assert/strict";
import { missedLimits } from "../../../src/validation/limits.ts";
import { reliability, summarize } from "../../../src/validation/statistics.ts";
import type { WindowResult } from "../../../src/validation/windows.ts";
import { Random } from "../../support/random.ts";
import { scipy } from "../../support/scipy.ts";

function syntheticWindows(count: number): WindowResult[] {
  const random = new Random(5);
  return Array.from({ length: count }, (_, k): WindowResult => {
    const reference = 60 + 40 * random.uniform();
    const confidence = random.uniform();
    const rate = reference + (random.uniform() < confidence ? 1 : 12) * random.normal();
    return {
      endS: 10 + k,
      rate,
      confidence,
      reference,
      ...(confidence >= 0.7 ? { strict: rate } : { withheld: "low_quality" }),
    };
  });
}

Deno.test("summarize() agrees with numpy and scipy", async () => {
  const windows = syntheticWindows(200);
  const expected = await scipy<Record<string, number>>(
    `
w = data
p = np.array([[x["strict"], x["reference"]] for x in w if "strict" in x])
e = p[:, 0] - p[:, 1]
c = np.array([x["confidence"] for x in w])
ok = np.array([abs(x["rate"] - x["reference"]) <= 3 for x in w])
bins = np.minimum(9, np.floor(c * 10)).astype(int)
result = {"mae": np.abs(e).mean(), "rmse": np.sqrt((e**2).mean()), "bias": e.mean(),
  "p95": np.percentile(np.abs(e), 95), "pearson_r": np.corrcoef(p.T)[0, 1],
  "within_3": (np.abs(e) <= 3).mean(), "coverage": len(p) / len(w), "n": len(w),
  "calibration_error": sum((bins == b).mean() * abs(c[bins == b].mean() - ok[bins == b].mean())
                           for b in range(10) if (bins == b).any())}
result = {k: float(v) for k, v in result.items()}`,
    windows,
  );
  const summary = summarize({ windows, firstValueS: 6 }, "pulse");
  for (const [name, value] of Object.entries(expected)) {
    const actual = summary[name as keyof typeof summary];
    assert.ok(Math.abs(actual! - value) < 1e-9, `${name}: ${actual} is not ${value}`);
  }
  assert.equal(summary.first_value_s, 6);
});

Deno.test("summarize() omits statistics without data", () => {
  const summary = summarize({ windows: [{ endS: 10, withheld: "no_face" }] }, "pulse");
  assert.deepEqual(summary, { n: 0, published: 0, windows: 1 });
  assert.deepEqual(reliability([{ endS: 10 }], "pulse"), []);
});

Deno.test("missedLimits() reports each missed limit with its value, and throws without a reference", () => {
  const pulse = summarize({ windows: syntheticWindows(100) }, "pulse");
  const breathing = summarize({ windows: [] }, "breathing");
  const none = { maxMae: 0, maxP95: 0, minCoverage: 0, maxCalibrationError: 0 };
  assert.deepEqual(missedLimits({ pulse, breathing }, none), []);
  const missed = missedLimits({ pulse, breathing }, { ...none, maxMae: 0.01, minCoverage: 1 });
  assert.equal(missed.length, 2);
  assert.match(missed[0]!, /pulse: mean absolute error is .* over the limit of 0.01/);
  assert.throws(
    () => missedLimits({ pulse: breathing, breathing }, { ...none, maxMae: 1 }),
    /Cannot check a limit without a reference/,
  );
});

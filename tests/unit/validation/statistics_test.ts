import assert from "node:assert/strict";
import {
  calibrationError,
  meanRisk,
  pearson,
  publishedPairs,
  quantile,
  reliability,
  riskCoverage,
  summarize,
} from "../../../src/validation/statistics.ts";
import type { WindowResult } from "../../../src/validation/windows.ts";
import { assertClose } from "../../support/close.ts";
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
error = np.array([abs(x["rate"] - x["reference"]) for x in w])
confident = error[c >= 0.7]
order = np.argsort(-c)
result = {"mae": np.abs(e).mean(), "arms": np.sqrt((e**2).mean()), "bias": e.mean(),
  "p95": np.percentile(np.abs(e), 95), "pearson_r": np.corrcoef(p.T)[0, 1],
  "within_3": (np.abs(e) <= 3).mean(), "coverage": len(p) / len(w), "n": len(w),
  "mape": (np.abs(e) / p[:, 1]).mean(),
  "within_10_percent_or_5": (np.abs(e) <= np.maximum(0.1 * p[:, 1], 5)).mean(),
  "confident": len(confident), "confident_errors_10": (confident > 10).mean(),
  "confident_errors_15": (confident > 15).mean(),
  "aurc": (np.cumsum(error[order] > 3) / np.arange(1, len(w) + 1)).mean(),
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

Deno.test("publishedPairs() leaves out windows without a value or without a reference", () => {
  const windows = [
    { endS: 10, strict: 70, reference: 71 },
    { endS: 11, strict: 72 },
    { endS: 12, rate: 73, reference: 74 },
    { endS: 13, strict: 0, reference: 0 },
  ];
  assert.deepEqual(publishedPairs(windows), [
    { value: 70, reference: 71 },
    { value: 0, reference: 0 },
  ]);
});

Deno.test("summarize() counts published windows with and without a reference", () => {
  const windows = [
    { endS: 10, strict: 70 },
    { endS: 11, strict: 70, reference: 70 },
    { endS: 12, reference: 70 },
    { endS: 13, reference: 70 },
  ];
  const { n, coverage, published, windows: all } = summarize({ windows }, "pulse");
  assert.deepEqual({ n, coverage, published, all }, {
    n: 3,
    coverage: 1 / 3,
    published: 2,
    all: 4,
  });
});

Deno.test("summarize() counts an error of 3/min as within, on both sides of the reference", () => {
  for (const [error, expected] of [[3, 1], [-3, 1], [3.1, 0], [-3.1, 0]] as const) {
    const windows = [{ endS: 10, strict: 70 + error, reference: 70 }];
    const summary = summarize({ windows }, "breathing");
    assert.deepEqual([summary.within_3, summary.bias], [expected, 70 + error - 70]);
  }
});

Deno.test("summarize() accepts an error of 10 %, or of 5/min if that is more", () => {
  for (
    const [reference, error, expected] of [
      [120, 12, 1],
      [120, -12, 1],
      [120, 12.1, 0],
      [120, -12.1, 0],
      [40, 5, 1],
      [40, -5.1, 0],
    ] as const
  ) {
    const windows = [{ endS: 10, strict: reference + error, reference }];
    const { within_10_percent_or_5 } = summarize({ windows }, "pulse");
    assert.equal(within_10_percent_or_5, expected, `${reference} ${error}`);
  }
});

Deno.test("summarize() counts confident errors from a confidence of 0.70, published or not", () => {
  const confidentErrors = (confidence: number, error: number) => {
    const windows = [{ endS: 10, rate: 80 + error, confidence, reference: 80 }];
    const { confident, confident_errors_10, confident_errors_15 } = summarize({ windows }, "pulse");
    return [confident, confident_errors_10, confident_errors_15];
  };
  assert.deepEqual(confidentErrors(0.7, 10), [1, 0, 0]);
  assert.deepEqual(confidentErrors(0.7, -10.1), [1, 1, 0]);
  assert.deepEqual(confidentErrors(0.9, 15.1), [1, 1, 1]);
  assert.deepEqual(confidentErrors(0.69, 30), [0, undefined, undefined]);
});

/** Estimates with these confidences; those of the errors are off by 4 beats/min. */
function estimates(confidences: readonly number[], errors: readonly number[]): WindowResult[] {
  return confidences.map((confidence, k) => ({
    endS: k,
    rate: errors.includes(k) ? 74 : 70,
    confidence,
    reference: 70,
  }));
}

Deno.test("riskCoverage() covers estimates of equal confidence together", () => {
  const points = [
    { confidence: 0.9, coverage: 0.25, risk: 0 },
    { confidence: 0.5, coverage: 0.75, risk: 1 / 3 },
    { confidence: 0.2, coverage: 1, risk: 0.5 },
  ];
  for (const confidences of [[0.9, 0.5, 0.5, 0.2], [0.2, 0.5, 0.5, 0.9]]) {
    const errors = confidences[0] === 0.9 ? [1, 3] : [0, 2];
    assert.deepEqual(riskCoverage(estimates(confidences, errors), "pulse"), points);
  }
  assert.equal(meanRisk(points), 0.5 / 3 + 0.25 * 0.5);
});

Deno.test("riskCoverage() never covers a window without an estimate", () => {
  const windows = [...estimates([0.9, 0.8], [1]), { endS: 9, reference: 70 }, { endS: 10 }];
  const points = riskCoverage(windows, "pulse");
  assert.deepEqual(points.map(({ coverage }) => coverage), [1 / 3, 2 / 3]);
  // The area is divided by the greatest coverage.
  assert.ok(Math.abs(meanRisk(points) - 0.25) < 1e-12);
  assert.deepEqual(riskCoverage([{ endS: 10 }], "pulse"), []);
});

Deno.test("meanRisk() of a perfect confidence is the optimum of Geifman, Uziel & El-Yaniv 2019", () => {
  const [count, wrong] = [5000, 1000];
  const confidences = Array.from({ length: count }, (_, k) => 1 - k / count);
  const errors = confidences.map((_, k) => k).slice(count - wrong);
  const risk = wrong / count;
  const optimum = risk + (1 - risk) * Math.log(1 - risk);
  assert.ok(
    Math.abs(meanRisk(riskCoverage(estimates(confidences, errors), "pulse")) - optimum) < 1e-3,
  );
});

/** The reliability of one estimate with this error and confidence. */
function bin(vital: "pulse" | "breathing", error: number, confidence: number) {
  return reliability([{ endS: 10, rate: 20 + error, confidence, reference: 20 }], vital);
}

Deno.test("reliability() counts an estimate as right up to 3 beats/min or 2 breaths/min", () => {
  const cases = [
    ["pulse", 3, 1],
    ["pulse", -3, 1],
    ["pulse", 3.1, 0],
    ["breathing", 2, 1],
    ["breathing", 2.1, 0],
    ["breathing", -2.1, 0],
  ] as const;
  for (const [vital, error, right] of cases) {
    assert.deepEqual(
      bin(vital, error, 0.5),
      [{ count: 1, stated: 0.5, right }],
      `${vital} ${error}`,
    );
  }
});

Deno.test("reliability() has ten bins of equal width, of which the last contains 1", () => {
  const windows = [0, 0.05, 0.0999, 0.1, 0.15, 0.89, 0.95, 1].map((confidence, k) => ({
    endS: k,
    rate: 70,
    confidence,
    reference: k % 2 ? 70 : 90,
  }));
  const bins = reliability(windows, "pulse");
  assert.deepEqual(bins.map(({ count }) => count), [3, 2, 1, 2]);
  assert.deepEqual(bins.map(({ right }) => right), [1 / 3, 1 / 2, 1, 1 / 2]);
  const stated = [(0 + 0.05 + 0.0999) / 3, (0.1 + 0.15) / 2, 0.89, (0.95 + 1) / 2];
  assertClose(bins.map((each) => each.stated), stated, 1e-12);
});

Deno.test("reliability() leaves out windows without an estimate, confidence or reference", () => {
  const complete = { endS: 10, rate: 70, confidence: 0.5, reference: 70 };
  for (const name of ["rate", "confidence", "reference"] as const) {
    const { [name]: _, ...window } = complete;
    assert.deepEqual(reliability([window], "pulse"), [], name);
  }
});

Deno.test("calibrationError() weighs the distance of each bin by its count", () => {
  const bins = [
    { count: 1, stated: 0.9, right: 0.5 },
    { count: 3, stated: 0.2, right: 0.3 },
  ];
  assert.ok(Math.abs(calibrationError(bins) - (0.4 + 3 * 0.1) / 4) < 1e-12);
});

Deno.test("pearson() has the sign of the relation, and none if one side is constant", () => {
  const rising = [1, 2, 4].map((value) => ({ value, reference: 10 + 3 * value }));
  assert.ok(Math.abs(pearson(rising)! - 1) < 1e-12);
  const falling = rising.map(({ value, reference }) => ({ value: -value, reference }));
  assert.ok(Math.abs(pearson(falling)! + 1) < 1e-12);
  assert.equal(pearson(rising.map(({ value }) => ({ value, reference: 5 }))), undefined);
  assert.equal(pearson(rising.map(({ reference }) => ({ value: 5, reference }))), undefined);
});

Deno.test("quantile() interpolates between the two nearest values", () => {
  const cases: [number[], number, number][] = [
    [[7], 0.95, 7],
    [[1, 2], 0.5, 1.5],
    [[10, 20, 40], 0.25, 15],
    [[10, 20, 40], 0.75, 30],
    [[10, 20, 40], 0, 10],
    [[10, 20, 40], 1, 40],
  ];
  for (const [values, fraction, expected] of cases) {
    assert.equal(quantile(values, fraction), expected, `${values} ${fraction}`);
  }
  assert.equal(quantile([], 0.5), NaN);
});

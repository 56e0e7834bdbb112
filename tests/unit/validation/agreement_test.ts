import assert from "node:assert/strict";
import {
  agreementOf,
  armsOf,
  biasOf,
  bootstrapInterval,
  limitsOfAgreement,
  momentsOf,
} from "../../../src/validation/agreement.ts";
import { assertClose } from "../../support/close.ts";
import { Random } from "../../support/random.ts";
import { scipy } from "../../support/scipy.ts";

/**
 * Cardiac output by radionuclide ventriculography and by impedance cardiography, of twelve subjects
 * (Bland & Altman 1999, Stat Methods Med Res 8:135, table 4).
 */
const CARDIAC_OUTPUT: readonly (readonly (readonly [rv: number, ic: number])[])[] = [
  [[7.83, 6.57], [7.42, 5.62], [7.89, 6.9], [7.12, 6.57], [7.88, 6.35]],
  [[6.16, 4.06], [7.26, 4.29], [6.71, 4.26], [6.54, 4.09]],
  [[4.75, 4.71], [5.24, 5.5], [4.86, 5.08], [4.78, 5.02], [6.05, 6.01], [5.42, 5.67]],
  [[4.21, 4.14], [3.61, 4.2], [3.72, 4.61], [3.87, 4.68], [3.92, 5.04]],
  [[3.13, 3.03], [2.98, 2.86], [2.85, 2.77], [3.17, 2.46], [3.09, 2.32], [3.12, 2.43]],
  [[5.92, 5.9], [6.42, 5.81], [5.92, 5.7], [6.27, 5.76]],
  [[7.13, 5.09], [6.62, 4.63], [6.58, 4.61], [6.93, 5.09]],
  [[4.54, 4.72], [4.81, 4.61], [5.11, 4.36], [5.29, 4.2], [5.39, 4.36], [5.57, 4.2]],
  [[4.48, 3.17], [4.92, 3.12], [3.97, 2.96]],
  [[4.22, 4.35], [4.65, 4.62], [4.74, 3.16], [4.44, 3.53], [4.5, 3.53]],
  [[6.78, 7.2], [6.07, 6.09], [6.52, 7], [6.42, 7.1], [6.41, 7.4], [5.76, 6.8]],
  [[5.06, 4.5], [4.72, 4.2], [4.9, 3.8], [4.8, 3.8], [4.9, 4.2], [5.1, 4.5]],
];

const momentsOfEach = (subjects: readonly (readonly number[])[]) => subjects.map(momentsOf);

/** Differences of subjects with a bias of their own, in different numbers. */
function syntheticSubjects(count: number): number[][] {
  const random = new Random(11);
  return Array.from({ length: count }, (_, k) => {
    const bias = 0.4 + 1.5 * random.normal();
    return Array.from({ length: 5 + 7 * (k % 4) }, () => bias + 2 * random.normal());
  });
}

Deno.test("limitsOfAgreement() has the results that Bland & Altman 2007 published", () => {
  const differences = CARDIAC_OUTPUT.map((pairs) => pairs.map(([rv, ic]) => rv - ic));
  const { bias, sd, low, high } = limitsOfAgreement(momentsOfEach(differences));
  assertClose([bias, sd, low, high], [0.6021667, 0.99062408, -1.3394565, 2.5437899], 1e-6);
});

Deno.test("limitsOfAgreement() has the components of scipy's analysis of variance", async () => {
  const subjects = syntheticSubjects(9);
  const expected = await scipy<number[]>(
    `
import scipy.stats
groups = [np.array(g) for g in data]
n = np.array([len(g) for g in groups])
within = sum(((g - g.mean())**2).sum() for g in groups) / (n.sum() - len(n))
f = scipy.stats.f_oneway(*groups).statistic
m0 = (n.sum()**2 - (n**2).sum()) / ((len(n) - 1) * n.sum())
between = (f * within - within) / m0
bias = np.concatenate(groups).mean()
sd = np.sqrt(within + between)
result = [bias, np.sqrt(within), np.sqrt(between), sd, bias - 1.96 * sd, bias + 1.96 * sd]
result = [float(x) for x in result]`,
    subjects,
  );
  const { bias, withinSd, betweenSd, sd, low, high } = limitsOfAgreement(momentsOfEach(subjects));
  assertClose([bias, withinSd!, betweenSd!, sd, low, high], expected, 1e-9);
});

Deno.test("limitsOfAgreement() has no component between subjects that differ no more than by chance", () => {
  const { betweenSd, withinSd, sd } = limitsOfAgreement(momentsOfEach([[-1, 1], [-2, 2], [-3, 3]]));
  assert.equal(betweenSd, 0);
  assert.equal(sd, withinSd);
  assert.ok(Math.abs(sd - Math.sqrt((2 + 8 + 18) / 3)) < 1e-12);
});

Deno.test("limitsOfAgreement() are the simple ones for one subject, or one difference for each", () => {
  const deviation = Math.sqrt(((1 - 3) ** 2 + (2 - 3) ** 2 + (6 - 3) ** 2) / 2);
  for (const subjects of [[[1, 2, 6]], [[1], [2], [6]]]) {
    const limits = limitsOfAgreement(momentsOfEach(subjects));
    assertClose([limits.bias, limits.sd], [3, deviation], 1e-12);
    assert.deepEqual("betweenSd" in limits, false);
  }
  assert.deepEqual(limitsOfAgreement(momentsOfEach([[2]])), { bias: 2, sd: 0, low: 2, high: 2 });
});

Deno.test("bootstrapInterval() agrees with scipy.stats.bootstrap over subjects", async () => {
  const subjects = momentsOfEach(syntheticSubjects(14));
  const expected = await scipy<{ arms: number[]; bias: number[] }>(
    `
from scipy.stats import bootstrap
n, s, q = (np.array([x[k] for x in data], float) for k in ("count", "sum", "sumOfSquares"))
def interval(values, statistic):
    found = bootstrap((values, n), statistic, paired=True, vectorized=False, method="percentile",
        n_resamples=20000, random_state=1).confidence_interval
    return [float(found.low), float(found.high)]
result = {"arms": interval(q, lambda q, n: np.sqrt(q.sum() / n.sum())),
          "bias": interval(s, lambda s, n: s.sum() / n.sum())}`,
    subjects,
  );
  // Both draw at random: five times the Monte Carlo error of a limit.
  for (const [name, statistic] of [["arms", armsOf], ["bias", biasOf]] as const) {
    const [low, high] = expected[name] as [number, number];
    assertClose(bootstrapInterval(subjects, statistic), expected[name], 0.06 * (high - low));
  }
});

Deno.test("bootstrapInterval() is wider than if the differences of a subject were independent", () => {
  const subjects = syntheticSubjects(14);
  const width = ([low, high]: readonly [number, number]) => high - low;
  const overSubjects = width(bootstrapInterval(momentsOfEach(subjects), biasOf));
  const single = momentsOfEach(subjects.flat().map((difference) => [difference]));
  assert.ok(overSubjects > 1.5 * width(bootstrapInterval(single, biasOf)));
});

Deno.test("agreementOf() counts the subjects with a published value and a reference", () => {
  const published = [{ endS: 10, strict: 72, reference: 70 }];
  const windows = new Map([
    ["a", [...published, { endS: 11, strict: 70, reference: 70 }]],
    ["b", published],
    ["c", [{ endS: 10, strict: 70 }, { endS: 11, reference: 70 }]],
  ]);
  const { subjects, arms_ci95, bias_ci95, limits_of_agreement } = agreementOf(windows);
  assert.equal(subjects, 2);
  assertClose(arms_ci95!, [Math.sqrt(2), 2], 1e-12);
  assertClose(bias_ci95!, [1, 2], 1e-12);
  assert.ok(limits_of_agreement![0] < 4 / 3 && limits_of_agreement![1] > 4 / 3);
});

Deno.test("agreementOf() has no interval over one subject, and nothing without a value", () => {
  const windows = [{ endS: 10, strict: 72, reference: 70 }];
  assert.deepEqual(agreementOf(new Map([["a", windows]])), {
    subjects: 1,
    limits_of_agreement: [2, 2],
  });
  assert.deepEqual(agreementOf(new Map([["a", [{ endS: 10, reference: 70 }]]])), { subjects: 0 });
});

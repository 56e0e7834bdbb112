import assert from "node:assert/strict";
import { PresentRate } from "../../../../src/vitals/pulse/present.ts";
import type { Rhythm } from "../../../../src/vitals/pulse/rhythm.ts";

/** A regular rhythm of 60 beats/min. */
const REGULAR: Rhythm = {
  shapeSimilarity: 0.97,
  count: 9,
  regularity: 1,
  rate: 60,
  newest: { rate: 60, seconds: 4 },
  newestRatio: 1,
  trend: { slope: 0, significance: 0, endRate: 60 },
};
const WINDOW = { timeUs: 20_000_000, rate: 60, confidence: 0.97 } as const;

/** The correction of one window, in a rhythm that differs from the regular one. */
function correctionBy(rhythm: Partial<Rhythm>, window = WINDOW as { rate: number }) {
  return new PresentRate().correct({ ...WINDOW, ...window }, { ...REGULAR, ...rhythm });
}

Deno.test("PresentRate keeps a rate that the beats confirm, and a window without beats", () => {
  assert.deepEqual(correctionBy({}), {});
  assert.deepEqual(new PresentRate().correct(WINDOW, undefined), {});
});

Deno.test("PresentRate lowers the confidence in an irregular rhythm", () => {
  const isLowered = (rhythm: Partial<Rhythm>) => correctionBy(rhythm).confidence === 0.89;
  for (
    const [rhythm, lowered] of [
      [{ regularity: 0.49 }, true],
      [{ regularity: 0.51 }, false],
      [{ regularity: 0.69, count: 7 }, true],
      [{ regularity: 0.71, count: 7 }, false],
      [{ regularity: 0.69, count: 8 }, false],
      [{ regularity: 0.3, shapeSimilarity: 0.84 }, false],
      [{ regularity: 0.3, shapeSimilarity: 0.86 }, true],
    ] as const
  ) assert.equal(isLowered(rhythm), lowered, JSON.stringify(rhythm));
  const low = new PresentRate().correct({ ...WINDOW, confidence: 0.75 }, {
    ...REGULAR,
    regularity: 0.3,
  });
  assert.equal(low.confidence, 0.75, "it is not raised");
});

Deno.test("PresentRate withholds an irregular rhythm whose beats have another rate", () => {
  const reason = (rhythm: Partial<Rhythm>) => correctionBy({ regularity: 0.4, ...rhythm }).withheld;
  assert.equal(reason({ rate: 63.1 }), "irregular");
  assert.equal(reason({ rate: 56.9 }), "irregular");
  assert.equal(reason({ rate: 62.9 }), undefined);
});

Deno.test("PresentRate remembers an irregular rhythm for twelve seconds, until it is reset", () => {
  const present = new PresentRate();
  const at = (seconds: number, rhythm: Partial<Rhythm> = {}) =>
    present.correct({ ...WINDOW, timeUs: seconds * 1e6 }, { ...REGULAR, ...rhythm });
  at(20, { regularity: 0.4 });
  assert.deepEqual(at(31.9), { confidence: 0.89 });
  assert.deepEqual(at(31.9, { rate: 70, regularity: 0.61 }), { confidence: 0.89 });
  assert.equal(at(31.9, { rate: 70, regularity: 0.59 }).withheld, "irregular");
  assert.equal(at(31.9, { rate: 70, regularity: 0.59, shapeSimilarity: 0.84 }).withheld, undefined);
  assert.deepEqual(present.correct({ ...WINDOW, timeUs: 31.9e6 }, undefined), { confidence: 0.89 });
  assert.deepEqual(at(32.1), {});
  at(33, { regularity: 0.4 });
  present.reset();
  assert.deepEqual(at(34), {});
});

Deno.test("PresentRate replaces the rate by that of alike newest beats", () => {
  const newest = (rate: number, rhythm: Partial<Rhythm> = {}) =>
    correctionBy({ newest: { rate, seconds: 2.6 }, ...rhythm });
  assert.deepEqual(newest(66.1), { rate: 66.1, windowS: 2.6 });
  assert.deepEqual(newest(53.9), { rate: 53.9, windowS: 2.6 });
  assert.deepEqual(newest(65.9), {});
  assert.deepEqual(newest(80, { shapeSimilarity: 0.92 }), {});
  const fast = (rate: number) => correctionBy({ newest: { rate, seconds: 2 } }, { rate: 100 }).rate;
  assert.equal(fast(109.9), undefined);
  assert.equal(fast(110.1), 110.1);
});

Deno.test("PresentRate withholds a rate while the newest two beats announce a change", () => {
  const reason = (newestRatio: number, rhythm: Partial<Rhythm> = {}) =>
    correctionBy({ newest: undefined, newestRatio, ...rhythm }).withheld;
  assert.equal(reason(0.8), "low_quality");
  assert.equal(reason(1.24), "low_quality");
  assert.equal(reason(0.84), undefined);
  assert.equal(reason(1.2), undefined);
  assert.equal(reason(0.7, { shapeSimilarity: 0.92 }), undefined);
});

Deno.test("PresentRate replaces the rate by the end of a trend", () => {
  const TREND = { slope: 2, significance: 9, endRate: 70 } as const;
  const rate = (trend: Partial<Rhythm["trend"]>, shapeSimilarity = 0.91) =>
    correctionBy({ shapeSimilarity, trend: { ...TREND, ...trend } }).rate;
  assert.deepEqual(correctionBy({ trend: TREND }), { rate: 70, windowS: 2 });
  assert.equal(rate({ slope: 1.1 }), 70);
  assert.equal(rate({ slope: -1.1 }), 70);
  assert.equal(rate({ slope: 0.9 }), undefined);
  assert.equal(rate({ significance: 6.1 }), 70);
  assert.equal(rate({ significance: 5.9 }), undefined);
  assert.equal(rate({ endRate: 64.1 }), 64.1);
  assert.equal(rate({ endRate: 63.9 }), undefined);
  assert.equal(rate({}, 0.89), undefined);
});

import assert from "node:assert/strict";
import { PresentRate } from "../../../../src/vitals/pulse/present.ts";
import type { NetworkRegularity } from "../../../../src/vitals/pulse/rate_network/regularity.ts";
import type { Rhythm } from "../../../../src/vitals/pulse/rhythm.ts";
import type { Trend } from "../../../../src/vitals/pulse/trend.ts";

const NO_TREND = { slope: 0, significance: 0, endRate: 60 } as const;
/** A regular rhythm of 60 beats/min. */
const REGULAR: Rhythm = {
  shapeSimilarity: 0.97,
  count: 9,
  regularity: 1,
  rate: 60,
  newest: { rate: 60, seconds: 4 },
  newestRatio: 1,
  newestRatioToRate: 1,
  spreadBefore: 1.1,
  newestDeviation: 1.02,
  trends: { ofIntervals: NO_TREND, ofTimes: NO_TREND },
};
const CHANGING = { withheld: "low_quality", confidence: 0.69 } as const;
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
      [{ regularity: 0.54 }, true],
      [{ regularity: 0.56 }, false],
      [{ regularity: 0.69, count: 7 }, true],
      [{ regularity: 0.86, count: 7 }, true],
      [{ regularity: 0.86, count: 7, shapeSimilarity: 0.84 }, true],
      [{ regularity: 1, count: 7 }, false],
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

Deno.test("PresentRate withholds nothing because a few beats differ, and doubts no later window", () => {
  const few = { regularity: 0.86, count: 7, newest: { rate: 72, seconds: 3.3 } };
  assert.deepEqual(correctionBy(few), { confidence: 0.89, rate: 72, windowS: 3.3 });
  const later = { ...WINDOW, timeUs: 20.5e6 };
  assert.deepEqual(after([few, few, few, few]).correct(later, REGULAR), {});
  const judged = { ...WINDOW, networkRegularity: "unknown" } as const;
  assert.deepEqual(
    new PresentRate().correct(judged, { ...REGULAR, regularity: 0.86, count: 7 }),
    {},
  );
});

Deno.test("PresentRate believes the rate network that a rhythm is regular", () => {
  const irregular = { ...REGULAR, regularity: 0.3, rate: 70 };
  const correction = (networkRegularity: NetworkRegularity) =>
    new PresentRate().correct({ ...WINDOW, networkRegularity }, irregular);
  assert.deepEqual(correction("certain"), {});
  assert.deepEqual(correction("likely"), { confidence: 0.89 }, "not with certainty");
  assert.equal(correction("unknown").withheld, "irregular");
  const changing = { ...irregular, newest: { rate: 72, seconds: 3.3 } };
  for (const networkRegularity of ["certain", "likely"] as const) {
    const step = new PresentRate().correct({ ...WINDOW, networkRegularity }, changing);
    assert.equal(step.rate, 72, "a change is followed");
  }
});

Deno.test("PresentRate lowers the confidence of clearly uneven beats, whatever the network says", () => {
  const irregular = new Array<Partial<Rhythm>>(4).fill({ regularity: 0.3 });
  const isLowered = (
    { network, before = [], ...rhythm }: Partial<Rhythm> & {
      network: NetworkRegularity;
      before?: readonly Partial<Rhythm>[];
    },
  ) => {
    const window = { ...WINDOW, timeUs: WINDOW.timeUs + 2e6, networkRegularity: network };
    return after(before).correct(window, { ...REGULAR, ...rhythm }).confidence === 0.89;
  };
  const clear = { shapeSimilarity: 0.96, regularity: 0.79 } as const;
  for (
    const [rhythm, lowered] of [
      [{ ...clear, network: "certain", before: irregular }, true],
      [{ ...clear, network: "certain", before: irregular, regularity: 0.81 }, false],
      [{ ...clear, network: "certain", before: irregular, shapeSimilarity: 0.94 }, false],
      [{ ...clear, network: "certain" }, false],
      [{ ...clear, network: "likely" }, false],
      [{ ...clear, network: "unknown" }, true],
      [{ ...clear, network: "unknown", regularity: 0.81 }, false],
      [{ ...clear, network: "unknown", shapeSimilarity: 0.94 }, false],
    ] as const
  ) assert.equal(isLowered(rhythm), lowered, JSON.stringify(rhythm));
});

Deno.test("PresentRate withholds an irregular rhythm whose beats have another rate", () => {
  const reason = (rhythm: Partial<Rhythm>) => correctionBy({ regularity: 0.4, ...rhythm }).withheld;
  assert.equal(reason({ rate: 63.1 }), "irregular");
  assert.equal(reason({ rate: 56.9 }), "irregular");
  assert.equal(reason({ rate: 62.9 }), undefined);
});

/** Windows half a second apart, the last of which is at 20 s. */
function after(windows: readonly Partial<Rhythm>[]): PresentRate {
  const present = new PresentRate();
  windows.forEach((rhythm, k) => {
    const timeUs = 20e6 - (windows.length - 1 - k) * 500_000;
    present.correct({ ...WINDOW, timeUs }, { ...REGULAR, ...rhythm });
  });
  return present;
}
const IRREGULAR = { regularity: 0.4 } as const;

Deno.test("PresentRate doubts the rhythm for ten seconds after an irregular window", () => {
  const at = (seconds: number) =>
    after([IRREGULAR]).correct({ ...WINDOW, timeUs: seconds * 1e6 }, {
      ...REGULAR,
      newest: { rate: 90, seconds: 2 },
    });
  assert.deepEqual(at(29.9), { confidence: 0.89 });
  assert.equal(at(30.1).rate, 90);
  const next = { ...WINDOW, timeUs: 21e6 };
  assert.deepEqual(after([IRREGULAR]).correct(next, undefined), { confidence: 0.89 });
  const afterFew = (regularity: number) => after([{ regularity, count: 7 }]).correct(next, REGULAR);
  assert.deepEqual(afterFew(0.69), { confidence: 0.89 });
  assert.deepEqual(afterFew(0.71), {});
});

Deno.test("PresentRate finds an irregular heart by 0.35 of the windows, and at least three", () => {
  const next = { ...WINDOW, timeUs: 20.5e6 };
  const isIrregular = (windows: readonly Partial<Rhythm>[]) =>
    after(windows).correct(next, { ...REGULAR, shapeSimilarity: 0.9 }).withheld === "irregular";
  const regular = (count: number) => new Array<Partial<Rhythm>>(count).fill({});
  assert.equal(isIrregular([IRREGULAR, IRREGULAR]), false);
  assert.equal(isIrregular([IRREGULAR, IRREGULAR, IRREGULAR]), true);
  assert.equal(isIrregular([IRREGULAR, IRREGULAR, IRREGULAR, ...regular(4)]), true, "3 of 8");
  assert.equal(isIrregular([IRREGULAR, IRREGULAR, IRREGULAR, ...regular(5)]), false, "3 of 9");
});

Deno.test("PresentRate forgets the windows after 15 s, and with a reset", () => {
  const windows = [IRREGULAR, IRREGULAR, IRREGULAR];
  const at = (seconds: number) =>
    after(windows).correct({ ...WINDOW, timeUs: seconds * 1e6 }, {
      ...REGULAR,
      shapeSimilarity: 0.9,
    });
  assert.equal(at(33.9).withheld, "irregular");
  assert.deepEqual(at(35.1), {});
  const present = after(windows);
  present.reset();
  assert.deepEqual(present.correct({ ...WINDOW, timeUs: 21e6 }, REGULAR), {});
});

Deno.test("PresentRate publishes the number of beats of an irregular heart if they agree", () => {
  const of = (rhythm: Partial<Rhythm>) =>
    after([IRREGULAR, IRREGULAR, IRREGULAR])
      .correct({ ...WINDOW, timeUs: 20.5e6 }, { ...REGULAR, ...rhythm });
  assert.deepEqual(of({ rate: 61.4 }), { confidence: 0.89, rate: 61.4 });
  assert.equal(of({ rate: 61.6 }).withheld, "irregular");
  assert.deepEqual(of({ rate: 61.4, shapeSimilarity: 0.94 }), { confidence: 0.89, rate: 61.4 });
  assert.equal(of({ rate: 61.4, shapeSimilarity: 0.92 }).withheld, "irregular");
  const none = after([IRREGULAR, IRREGULAR, IRREGULAR])
    .correct({ ...WINDOW, timeUs: 20.5e6 }, undefined);
  assert.equal(none.withheld, "irregular");
});

Deno.test("PresentRate replaces the rate by that of alike newest beats", () => {
  const newest = (rate: number, rhythm: Partial<Rhythm> = {}) =>
    correctionBy({ newest: { rate, seconds: 2.6 }, ...rhythm });
  assert.deepEqual(newest(66.1), { rate: 66.1, windowS: 2.6 });
  assert.deepEqual(newest(53.9), { rate: 53.9, windowS: 2.6 });
  assert.deepEqual(newest(65.9), {});
  assert.deepEqual(newest(80, { shapeSimilarity: 0.92 }), CHANGING);
  assert.deepEqual(newest(80, { shapeSimilarity: 0.86 }), CHANGING);
  assert.deepEqual(newest(80, { shapeSimilarity: 0.84 }), {});
  const fast = (rate: number) => correctionBy({ newest: { rate, seconds: 2 } }, { rate: 100 }).rate;
  assert.equal(fast(109.9), undefined);
  assert.equal(fast(110.1), 110.1);
});

Deno.test("PresentRate withholds a rate whose newest beats may be every second one", () => {
  const newest = (rate: number) =>
    correctionBy({ newest: { rate, seconds: 4 } }, { ...WINDOW, rate: 102 });
  assert.deepEqual(newest(51), CHANGING);
  assert.deepEqual(newest(59.9), CHANGING);
  assert.deepEqual(newest(60.1), { rate: 60.1, windowS: 4 });
  assert.deepEqual(newest(204), { rate: 204, windowS: 4 }, "a rise is followed");
});

Deno.test("PresentRate withholds a rate while the newest two beats announce a change", () => {
  const reason = (newestRatio: number, rhythm: Partial<Rhythm> = {}) =>
    correctionBy({ newest: undefined, newestRatio, ...rhythm }).withheld;
  assert.equal(reason(0.8), "low_quality");
  assert.equal(reason(1.24), "low_quality");
  assert.equal(reason(0.84), undefined);
  assert.equal(reason(1.2), undefined);
  assert.equal(reason(0.7, { shapeSimilarity: 0.86 }), "low_quality");
  assert.equal(reason(0.7, { shapeSimilarity: 0.84 }), undefined);
});

Deno.test("PresentRate withholds a rate from which the newest two beats differ", () => {
  const reason = (newestRatioToRate: number, shapeSimilarity = 0.86) =>
    correctionBy({ newest: undefined, newestRatioToRate, shapeSimilarity }).withheld;
  assert.equal(reason(0.81), "low_quality");
  assert.equal(reason(1.23), "low_quality");
  assert.equal(reason(0.83), undefined);
  assert.equal(reason(1.21), undefined);
  assert.equal(reason(0.5, 0.84), undefined);
});

Deno.test("PresentRate withholds a rate after a smaller change of steady beats", () => {
  const reason = (newestRatio: number, rhythm: Partial<Rhythm> = {}) =>
    correctionBy({ newest: undefined, newestRatio, spreadBefore: 1.03, ...rhythm }).withheld;
  assert.equal(reason(1.11), "low_quality");
  assert.equal(reason(0.9), "low_quality");
  assert.equal(reason(1.09), undefined);
  assert.equal(reason(0.92), undefined);
  assert.equal(reason(1.2, { spreadBefore: 1.09 }), "low_quality");
  assert.equal(reason(1.2, { spreadBefore: 1.1 }), undefined);
  assert.equal(reason(1.2, { spreadBefore: Infinity }), undefined);
  assert.equal(reason(1.2, { shapeSimilarity: 0.94 }), "low_quality");
  assert.equal(reason(1.2, { shapeSimilarity: 0.92 }), undefined);
});

Deno.test("PresentRate withholds a rate after a clear change until the newest beats agree with it", () => {
  const changed = () => after([{ newest: undefined, newestRatio: 1.2, spreadBefore: 1.03 }]);
  const at = (seconds: number) => ({ ...WINDOW, timeUs: seconds * 1e6 });
  const other = { ...REGULAR, newest: undefined, newestDeviation: 1.11 };
  assert.deepEqual(changed().correct(at(29.9), other), CHANGING);
  assert.deepEqual(changed().correct(at(30.1), other), {});
  assert.deepEqual(changed().correct(at(21), undefined), CHANGING, "too few beats");
  assert.deepEqual(changed().correct(at(21), { ...REGULAR, shapeSimilarity: 0.84 }), CHANGING);
  const present = changed();
  assert.deepEqual(present.correct(at(20.5), { ...other, newestDeviation: 1.09 }), {});
  assert.deepEqual(present.correct(at(21), other), {}, "it is settled");
  const followed = changed();
  assert.equal(followed.correct(at(21), { ...other, newest: { rate: 72, seconds: 3 } }).rate, 72);
  assert.deepEqual(
    followed.correct(at(22), other),
    CHANGING,
    "the rate of the window is an old one",
  );
  followed.reset();
  assert.deepEqual(followed.correct(at(23), other), {});
  const unclear = after([{ newest: undefined, newestRatio: 1.3, shapeSimilarity: 0.92 }]);
  assert.deepEqual(unclear.correct(at(20.5), other), {});
});

Deno.test("PresentRate gives no withheld rate the confidence of a published one", () => {
  const confidence = (given: number) =>
    new PresentRate().correct({ ...WINDOW, confidence: given }, { ...REGULAR, newestRatio: 0.5 })
      .confidence;
  assert.equal(confidence(0.97), 0.69);
  assert.equal(confidence(0.4), 0.4);
  assert.equal(correctionBy({ regularity: 0.4, rate: 66 }).confidence, 0.69, "irregular");
});

Deno.test("PresentRate replaces the rate by the end of a trend", () => {
  for (const [kind, minSignificance] of [["ofIntervals", 6], ["ofTimes", 15]] as const) {
    const certain = { slope: 2, significance: minSignificance + 0.1, endRate: 70 } as const;
    const correction = (trend: Partial<Trend>, shapeSimilarity = 0.91) =>
      correctionBy({
        shapeSimilarity,
        trends: { ...REGULAR.trends, [kind]: { ...certain, ...trend } },
      });
    assert.deepEqual(correction({}), { rate: 70, windowS: 2 });
    const rate = (trend: Partial<Trend>) => correction(trend).rate;
    assert.equal(rate({ slope: 1.1 }), 70);
    assert.equal(rate({ slope: -1.1 }), 70);
    assert.equal(rate({ slope: 0.9 }), undefined);
    assert.equal(rate({ significance: minSignificance - 0.1 }), undefined);
    assert.equal(rate({ endRate: 64.1 }), 64.1);
    assert.equal(rate({ endRate: 63.9 }), undefined);
    assert.equal(correction({}, 0.89).rate, undefined);
  }
});

Deno.test("PresentRate follows a step while it doubts the rhythm, if there is a rate network", () => {
  const step = { newest: { rate: 90, seconds: 2.7 } };
  const rateAfter = (networkRegularity: NetworkRegularity | undefined) => {
    const present = after([{ regularity: 0.3 }]);
    return present.correct({ ...WINDOW, networkRegularity }, { ...REGULAR, ...step }).rate;
  };
  assert.equal(rateAfter("unknown"), 90);
  assert.equal(rateAfter(undefined), undefined);
});

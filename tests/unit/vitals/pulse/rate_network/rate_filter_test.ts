import assert from "node:assert/strict";
import fc from "fast-check";
import {
  LOWEST_RATE,
  RatePosterior,
  RATES,
} from "../../../../../src/vitals/pulse/rate_network/posterior.ts";
import { RateFilter } from "../../../../../src/vitals/pulse/rate_network/rate_filter.ts";
import { posteriorOf } from "../../../../support/rate_posterior.ts";

/** What the network says if a window shows nothing: 0.32 for no pulse, and all rates alike. */
const NOTHING = new RatePosterior(
  Float32Array.from({ length: RATES + 1 }, (_, k) => k === RATES ? 0.32 : 0.68 / RATES),
);

/** A probability that is spread around a rate, in beats/min. */
function around(rate: number, probability: number): RatePosterior {
  const shares = [0.1, 0.2, 0.4, 0.2, 0.1];
  return posteriorOf(
    Object.fromEntries(shares.map((share, k) => [rate + k - 2, share * probability])),
  );
}

/** The result after these windows, `periodS` apart. */
function filtered(windows: readonly RatePosterior[], periodS = 1): RatePosterior {
  const filter = new RateFilter();
  let result = windows[0]!;
  for (const [k, newest] of windows.entries()) {
    const posteriors = filter.combine(newest, k * periodS * 1e6);
    assert.equal(posteriors.newest, newest);
    filter.push(posteriors, k * periodS * 1e6);
    result = posteriors.filtered;
  }
  return result;
}

Deno.test("RateFilter leaves the first window as it is", () => {
  const first = posteriorOf({ 72: 0.5 });
  assert.equal(filtered([first]), first);
});

Deno.test("RateFilter is more certain of a rate that windows agree on, less of one that they do not", () => {
  const agreeing = filtered([71, 72, 72, 73, 72].map((rate) => around(rate, 0.3)));
  assert.ok(agreeing.near(72) > 0.75, `${agreeing.near(72)}`);
  const wandering = filtered([100, 55, 140, 170, 72].map((rate) => around(rate, 0.3)));
  assert.ok(wandering.near(72) < 0.3, `${wandering.near(72)}`);
});

Deno.test("RateFilter follows another rate within three windows that are certain of it", () => {
  const steady = Array.from({ length: 10 }, () => around(60, 0.9));
  const changed = filtered([...steady, ...[1, 2, 3].map(() => around(90, 0.9))]);
  assert.ok(changed.near(90) > 0.7, `${changed.near(90)}`);
  const ended = filtered([...steady, ...[1, 2, 3].map(() => posteriorOf({}))]);
  assert.ok(ended.near(60) < 0.05, `${ended.near(60)}`);
});

Deno.test("RateFilter forgets a rate that two windows contradict with the same one", () => {
  const steady = Array.from({ length: 10 }, () => around(60, 0.95));
  const after = (...windows: readonly RatePosterior[]) =>
    filtered([...steady, ...windows], 0.5).mostProbable.rate;
  const near = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 1.5, `${actual} instead of ${expected}`);
  near(after(around(90, 0.51), around(90, 0.51)), 90);
  near(after(around(90, 0.51), around(93, 0.51)), 93);
  near(after(around(90, 0.51)), 60);
  near(after(around(90, 0.51), around(94, 0.51)), 60);
  near(after(around(90, 0.51), around(60, 0.51), around(90, 0.51)), 60);
  near(after(around(90, 0.49), around(90, 0.49)), 60);
  const both = (old: number) => posteriorOf({ 90: 0.6, 60: old });
  near(after(both(0.11), both(0.11)), 60);
  near(after(both(0.09), both(0.09)), 90);
});

Deno.test("RateFilter expects a walk, now and then a jump, an end, and a new pulse", () => {
  const { probabilities } = filtered([posteriorOf({ 120: 1 }), NOTHING]);
  const of = (rate: number) => probabilities[rate - LOWEST_RATE]!;
  const reach = Array.from({ length: 49 }, (_, k) => k - 24);
  const near = reach.reduce((sum, by) => sum + of(120 + by), 0);
  const variance = reach.reduce((sum, by) => sum + by ** 2 * of(120 + by), 0) / near;
  const jumps = reach.reduce((sum, by) => sum + 0.01 * by ** 2 / RATES, 0);
  const expected = (0.89 * 2 ** 2 + 0.1 * 6 ** 2 + jumps) / (0.99 + 49 * 0.01 / RATES);
  assert.ok(Math.abs(variance / expected - 1) < 0.06, `${variance} instead of ${expected}`);
  const jump = of(200) * RATES / 0.98;
  assert.ok(Math.abs(jump - 0.01) < 5e-4, `${jump}`);
  assert.ok(Math.abs(probabilities[RATES]! - 0.02) < 5e-4, `${probabilities[RATES]}`);
  const begun = 1 - filtered([posteriorOf({}), NOTHING]).probabilities[RATES]!;
  assert.ok(Math.abs(begun - 0.02) < 5e-4, `${begun}`);
});

Deno.test("RateFilter counts half of a window that is a second later as new", () => {
  const odds = ({ probabilities }: RatePosterior) =>
    probabilities[72 - LOWEST_RATE]! / probabilities[140 - LOWEST_RATE]!;
  const undecided = posteriorOf({ 72: 0.3, 140: 0.3 });
  const clear = posteriorOf({ 72: 0.6, 140: 0.2 });
  const before = odds(filtered([undecided, NOTHING]));
  for (const [periodS, share] of [[0.5, 0.25], [1, 0.5], [1.5, 0.75], [2.5, 1]] as const) {
    const gained = Math.log(odds(filtered([undecided, clear], periodS)) / before) / Math.log(3);
    assert.ok(Math.abs(gained - share) < 0.02, `${gained} after ${periodS} s`);
  }
});

Deno.test("RateFilter forgets what is older than five seconds, and all by reset()", () => {
  const windows = [posteriorOf({ 60: 0.9 }), posteriorOf({ 90: 0.4 })];
  assert.equal(filtered(windows, 5.1), windows[1]);
  assert.notEqual(filtered(windows, 4.9), windows[1]);
  assert.equal(filtered(windows, 0), windows[1], "the same window, judged again");
  const filter = new RateFilter();
  filter.push(filter.combine(windows[0]!, 0), 0);
  filter.reset();
  assert.equal(filter.combine(windows[1]!, 1e6).filtered, windows[1]);
});

Deno.test("RateFilter.combine() changes nothing before push()", () => {
  const filter = new RateFilter();
  filter.push(filter.combine(posteriorOf({ 60: 0.5 }), 0), 0);
  const first = filter.combine(posteriorOf({ 60: 0.5 }), 1e6).filtered;
  filter.combine(posteriorOf({ 100: 0.9 }), 1e6);
  assert.deepEqual(filter.combine(posteriorOf({ 60: 0.5 }), 1e6).filtered, first);
});

Deno.test("RateFilter returns probabilities whatever the windows say", () => {
  const rate = fc.integer({ min: 28, max: 223 });
  const window = fc.tuple(rate, fc.double({ min: 0, max: 1, noNaN: true }));
  const periodS = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 6, noNaN: true }));
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 12 }), periodS, (windows, seconds) => {
      const posteriors = windows.map(([rate, probability]) => posteriorOf({ [rate]: probability }));
      const { probabilities } = filtered(posteriors, seconds);
      const sum = probabilities.reduce((total, value) => total + value, 0);
      assert.ok(Math.abs(sum - 1) < 1e-4, `${sum}`);
      assert.ok(probabilities.every((value) => value >= 0 && value <= 1));
    }),
  );
});

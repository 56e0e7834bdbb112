import assert from "node:assert/strict";
import fc from "fast-check";
import { trendOfIntervals, trendOfTimes } from "../../../../src/vitals/pulse/trend.ts";
import { Random } from "../../../support/random.ts";

/** Times of the beats of ten seconds, in seconds, whose rate is a line. */
function beatsOf({ rate, slope }: { readonly rate: number; readonly slope: number }): number[] {
  // The number of the beat is rate·t + slope·t²/2, per minute.
  const times: number[] = [];
  for (let beat = 0;; beat++) {
    const root = Math.sqrt(rate ** 2 + 120 * slope * beat);
    const time = slope === 0 ? 60 * beat / rate : (root - rate) / slope;
    if (!(time <= 10)) return times;
    times.push(time);
  }
}

const line = (times: readonly number[]) => ({
  startS: times[0]!,
  intervals: times.slice(1).map((time, k) => time - times[k]!),
  endS: 10,
});

const RAMP = fc.record({
  rate: fc.double({ min: 60, max: 150, noNaN: true }),
  slope: fc.integer({ min: -25, max: 25 }).map((tenths) => tenths / 10),
});

Deno.test("trendOfTimes() finds the line of steady beats exactly, trendOfIntervals() nearly", () => {
  fc.assert(fc.property(RAMP, ({ rate, slope }) => {
    const beats = line(beatsOf({ rate, slope }));
    for (const [trend, tolerance] of [[trendOfTimes, 1e-3], [trendOfIntervals, 0.2]] as const) {
      const found = trend(beats);
      assert.ok(Math.abs(found.slope - slope) < tolerance, `${found.slope}`);
      assert.ok(Math.abs(found.endRate - (rate + 9 * slope)) < 10 * tolerance, `${found.endRate}`);
    }
  }));
});

Deno.test("trendOfTimes() is more certain than trendOfIntervals() of a ramp whose beats have errors", () => {
  const random = new Random(7);
  let [ofTimes, ofIntervals] = [0, 0];
  for (let repetition = 0; repetition < 100; repetition++) {
    const beats = beatsOf({ rate: 70, slope: 1.5 }).map((time) => time + 0.02 * random.normal());
    ofTimes += trendOfTimes(line(beats)).significance;
    ofIntervals += trendOfIntervals(line(beats)).significance;
  }
  assert.ok(ofTimes > 2 * ofIntervals, `${ofTimes}, ${ofIntervals}`);
});

Deno.test("trendOfTimes() and trendOfIntervals() have no significance for fewer than six intervals", () => {
  for (const trend of [trendOfTimes, trendOfIntervals]) {
    for (const [count, isKnown] of [[5, false], [6, true]] as const) {
      const intervals = Array.from({ length: count }, (_, k) => 1 - 0.03 * k + 0.01 * (k % 2));
      const { significance } = trend({ startS: 0.3, intervals, endS: 10 });
      assert.equal(significance > 0, isKnown, `${significance}`);
    }
  }
});

/** The highest coefficient of a polynomial through points over its standard error. */
function tStatistic(xs: readonly number[], ys: readonly number[], degree: number): number {
  const size = degree + 1;
  const powers = xs.map((x) => Array.from({ length: size }, (_, power) => x ** power));
  const dot = (row: number, values: readonly number[]) =>
    powers.reduce((sum, each, k) => sum + each[row]! * values[k]!, 0);
  // The normal equations with the last column of their inverse, by elimination.
  const rows = Array.from({ length: size }, (_, row) => [
    ...Array.from({ length: size }, (_, column) => dot(row, powers.map((each) => each[column]!))),
    dot(row, ys),
    row === degree ? 1 : 0,
  ]);
  for (let pivot = 0; pivot < size; pivot++) {
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const factor = rows[row]![pivot]! / rows[pivot]![pivot]!;
      rows[row] = rows[row]!.map((value, column) => value - factor * rows[pivot]![column]!);
    }
  }
  const solved = rows.map((row, k) => ({
    value: row[size]! / row[k]!,
    last: row[size + 1]! / row[k]!,
  }));
  const squares = ys.reduce((sum, y, k) => {
    const fitted = solved.reduce(
      (total, { value }, power) => total + value * powers[k]![power]!,
      0,
    );
    return sum + (y - fitted) ** 2;
  }, 0);
  const { value, last } = solved[degree]!;
  return Math.abs(value) / Math.sqrt(last * squares / (xs.length - size));
}

Deno.test("trendOfIntervals() and trendOfTimes() have the t statistic of their polynomials", () => {
  const intervals = [0.9, 0.85, 0.88, 0.8, 0.79, 0.81, 0.74, 0.72];
  const times = [0.3];
  for (const interval of intervals) times.push(times.at(-1)! + interval);
  const middles = intervals.map((interval, k) => times[k]! + interval / 2);
  const rates = intervals.map((interval) => 60 / interval);
  for (
    const [trend, expected] of [
      [trendOfIntervals, tStatistic(middles, rates, 1)],
      [trendOfTimes, tStatistic(times, [...times.keys()], 2)],
    ] as const
  ) {
    const { significance } = trend({ startS: 0.3, intervals, endS: 7 });
    assert.ok(Math.abs(significance / expected - 1) < 1e-6, `${significance}, ${expected}`);
  }
});

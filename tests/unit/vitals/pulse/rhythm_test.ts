import assert from "node:assert/strict";
import { correctIntervals, type Rhythm, rhythmOf } from "../../../../src/vitals/pulse/rhythm.ts";
import { Random } from "../../../support/random.ts";

const SAMPLE_RATE_HZ = 30;

/** A pulse wave with beats at the given intervals in seconds; the last one ends the signal. */
function waveOf(intervals: readonly number[]): Float64Array {
  const times = [0];
  for (const interval of intervals) times.push(times.at(-1)! + interval);
  let beat = 0;
  return Float64Array.from({ length: Math.floor(times.at(-1)! * SAMPLE_RATE_HZ) }, (_, k) => {
    const time = k / SAMPLE_RATE_HZ;
    while (times[beat + 1]! <= time) beat++;
    const phase = 2 * Math.PI * (time - times[beat]!) / (times[beat + 1]! - times[beat]!);
    return Math.sin(phase) + 0.35 * Math.sin(2 * phase - 0.8);
  });
}

function rhythmAt(intervals: readonly number[], rate: number): Rhythm {
  const rhythm = rhythmOf(waveOf(intervals), { sampleRateHz: SAMPLE_RATE_HZ, rate });
  assert.ok(rhythm);
  return rhythm;
}

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} instead of ${expected}`);
}

const repeat = (interval: number, count: number) => new Array<number>(count).fill(interval);

Deno.test("rhythmOf() describes a regular heart", () => {
  const rhythm = rhythmAt(repeat(0.8, 12), 75);
  near(rhythm.rate, 75, 0.3);
  assert.equal(rhythm.regularity, 1);
  assert.ok(rhythm.shapeSimilarity > 0.97, `${rhythm.shapeSimilarity}`);
  near(rhythm.newest!.rate, 75, 0.5);
  near(rhythm.newest!.seconds, 3.2, 0.05);
  near(rhythm.newestRatio, 1, 0.02);
  near(rhythm.newestRatioToRate, 1, 0.02);
  for (const trend of Object.values(rhythm.trends)) {
    near(trend.slope, 0, 0.1);
    near(trend.endRate, 75, 0.5);
  }
});

Deno.test("rhythmOf() counts the beats of a heart in atrial fibrillation, whose regularity is low", () => {
  const random = new Random(3);
  const intervals = Array.from({ length: 13 }, () => 0.75 * (1 + 0.22 * random.normal()));
  const seconds = intervals.reduce((sum, interval) => sum + interval, 0);
  const rhythm = rhythmAt(intervals, 80);
  near(rhythm.rate, 60 * intervals.length / seconds, 3);
  assert.ok(rhythm.regularity < 0.5, `${rhythm.regularity}`);
});

Deno.test("rhythmOf() follows the newest beats after a step of the rate", () => {
  const rhythm = rhythmAt([...repeat(1, 6), ...repeat(0.66, 6)], 60);
  near(rhythm.newest!.rate, 90.9, 1.5);
  near(rhythm.newestRatio, 1, 0.02);
  near(rhythm.newestRatioToRate, 0.66, 0.02);
  const first = rhythmAt([...repeat(1, 8), ...repeat(0.66, 3)], 60);
  assert.equal(first.newest, undefined);
  assert.ok(first.newestRatio < 0.85, `${first.newestRatio}`);
  assert.ok(first.newestRatioToRate < 0.85, `${first.newestRatioToRate}`);
});

Deno.test("rhythmOf() finds the spread of six intervals before the newest two, and their deviation", () => {
  const rhythm = rhythmAt([...repeat(0.8, 5), 0.88, ...repeat(0.8, 3), ...repeat(0.7, 3)], 75);
  near(rhythm.spreadBefore, 1.1, 0.03);
  near(rhythm.newestDeviation, 0.8 / 0.7, 0.03);
  const old = rhythmAt([0.8, 0.8, 0.92, ...repeat(0.8, 10)], 75);
  near(old.spreadBefore, 1, 0.02);
  near(old.newestDeviation, 1, 0.02);
  assert.equal(rhythmAt(repeat(0.8, 6), 75).spreadBefore, Infinity);
});

Deno.test("rhythmOf() finds the slope and the end of a ramp of the rate", () => {
  const intervals = [];
  for (let time = 0; time < 10;) {
    const interval = 60 / (70 + 2 * time);
    intervals.push(interval);
    time += interval;
  }
  const rhythm = rhythmAt(intervals, 80);
  for (const { slope, endRate, significance } of Object.values(rhythm.trends)) {
    near(slope, 2, 0.25);
    near(endRate, 88, 1.5);
    assert.ok(significance > 8, `${significance}`);
  }
});

Deno.test("rhythmOf() has no trend for fewer than six intervals, and nothing for three beats", () => {
  const { ofIntervals, ofTimes } = rhythmAt(repeat(0.9, 6), 66).trends;
  assert.deepEqual([ofIntervals.significance, ofTimes.significance], [0, 0]);
  const wave = waveOf(repeat(1, 3));
  assert.equal(rhythmOf(wave, { sampleRateHz: SAMPLE_RATE_HZ, rate: 60 }), undefined);
});

Deno.test("rhythmOf() finds noise less similar in shape than a pulse", () => {
  const random = new Random(5);
  const noise = Float64Array.from({ length: 300 }, () => random.normal());
  const rhythm = rhythmOf(noise, { sampleRateHz: SAMPLE_RATE_HZ, rate: 70 });
  assert.ok((rhythm?.shapeSimilarity ?? 0) < 0.93, `${rhythm?.shapeSimilarity}`);
});

Deno.test("correctIntervals() splits an interval with a missed beat", () => {
  assert.deepEqual(correctIntervals([1, 1, 2, 1, 1]), [1, 1, 1, 1, 1, 1]);
  for (const [interval, parts] of [[1.7, 1], [1.8, 2], [2.2, 2], [2.3, 1]] as const) {
    assert.equal(correctIntervals([1, 1, interval, 1, 1]).length, 4 + parts, `${interval}`);
  }
});

Deno.test("correctIntervals() joins the two intervals around a false beat, and no others", () => {
  assert.deepEqual(correctIntervals([1, 1, 0.4, 0.6, 1]), [1, 1, 1, 1]);
  assert.equal(correctIntervals([1, 1, 0.4, 0.7, 1]).length, 4);
  assert.equal(correctIntervals([1, 1, 0.4, 0.75, 1]).length, 5);
  assert.equal(correctIntervals([1, 1, 0.15, 0.85, 1]).length, 5);
  assert.deepEqual(correctIntervals([1.3, 0.7, 1.3, 0.7, 1.3]), [1.3, 0.7, 1.3, 0.7, 1.3]);
});

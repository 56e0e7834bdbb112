import assert from "node:assert/strict";
import type { BvpWindow } from "../../../../src/vitals/estimate_context.ts";
import { BeatSeries } from "../../../../src/vitals/hrv/beat_series.ts";

const sampleRateHz = 30;
const START_US = 7_000_000_000;

/** A window of a pulse of one beat a second, whose beats are at whole seconds; times in seconds. */
function windowOf(
  { fromS, seconds = 10, rate = 60, amplitude = 1, ...parts }:
    & { fromS: number; seconds?: number; rate?: number; amplitude?: number }
    & Partial<BvpWindow>,
): BvpWindow {
  return {
    bvp: Float64Array.from(
      { length: seconds * sampleRateHz + 1 },
      (_, k) => amplitude * Math.sin(2 * Math.PI * (rate / 60) * (fromS + k / sampleRateHz)),
    ),
    startUs: START_US + fromS * 1e6,
    sampleRateHz,
    rate,
    confidence: 0.9,
    snrDb: 8,
    ...parts,
  };
}

/** Times of beats, rounded to 0.05 s, since the filter settles at both ends of a window. */
const secondsOf = (beats: readonly { readonly timeUs: number }[]) =>
  beats.map(({ timeUs }) => Math.round((timeUs - START_US) / 50_000) / 20);
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, k) => from + k);

Deno.test("BeatSeries.push() has the times of the beats, without a second at both ends", () => {
  assert.deepEqual(secondsOf(new BeatSeries().push(windowOf({ fromS: 0.5 }))), range(2, 9));
  assert.deepEqual(secondsOf(new BeatSeries().push(windowOf({ fromS: 0.95 }))), range(2, 9));
  assert.deepEqual(secondsOf(new BeatSeries().push(windowOf({ fromS: 0.05 }))), range(2, 9));
  // The second at either end begins 0.1 s before or after a beat.
  assert.deepEqual(secondsOf(new BeatSeries().push(windowOf({ fromS: 0.9 }))), range(2, 9));
  assert.deepEqual(secondsOf(new BeatSeries().push(windowOf({ fromS: 1.1 }))), range(3, 10));
});

Deno.test("BeatSeries.push() has the height, rise time, confidence and SNR of each beat", () => {
  const beats = new BeatSeries().push(windowOf({ fromS: 0.5, amplitude: 3, snrDb: 5 }));
  for (const { height, riseMs, confidence, snrDb } of beats.slice(2, -2)) {
    // The band-pass filter keeps nearly all of the amplitude.
    assert.ok(Math.abs(height - 6) < 0.2, `${height}`);
    assert.ok(Math.abs(riseMs - 250) < 3, `${riseMs}`);
    assert.deepEqual([confidence, snrDb], [0.9, 5]);
  }
});

Deno.test("BeatSeries.push() has the interval before each beat, but none after a gap of over 2.5 s", () => {
  const series = new BeatSeries();
  const [first, second] = series.push(windowOf({ fromS: 0.5 }));
  assert.equal(first!.intervalMs, undefined);
  assert.ok(Math.abs(second!.intervalMs! - 1000) < 15, `${second!.intervalMs}`);
  // The newest beat so far was at 9 s, and the first of the next window is at its start plus 1.5 s.
  const afterGap = (seconds: number) => {
    const other = new BeatSeries();
    other.push(windowOf({ fromS: 0.5 }));
    return other.push(windowOf({ fromS: 7.5 + seconds }))[0]!.intervalMs;
  };
  assert.ok(Math.abs(afterGap(2)! - 2000) < 30, `${afterGap(2)}`);
  assert.equal(afterGap(3), undefined);
});

Deno.test("BeatSeries.push() has each beat of overlapping windows once", () => {
  const series = new BeatSeries();
  const added = [0, 0.3, 0.8, 1.2, 1.8, 2.8, 6.8].map((offset) =>
    secondsOf(series.push(windowOf({ fromS: 0.5 + offset })))
  );
  assert.deepEqual(added, [range(2, 9), [], [10], [], [11], [12], range(13, 16)]);
  assert.deepEqual(secondsOf(series.beats), range(2, 16));
});

Deno.test("BeatSeries.push() ignores a window that was added before", () => {
  const series = new BeatSeries();
  const window = windowOf({ fromS: 0.5 });
  assert.equal(series.push(window).length, 8);
  assert.deepEqual(series.push(window), []);
  assert.deepEqual(series.push(windowOf({ fromS: 0.4 })), []);
  assert.equal(series.beats.length, 8);
});

Deno.test("BeatSeries.push() has beats that are at least half a period apart", () => {
  const addedAfter = (shiftS: number) => {
    const series = new BeatSeries();
    series.push(windowOf({ fromS: 0.5 }));
    // The beats of the second window come later by the shift.
    const { bvp, ...window } = windowOf({ fromS: 0.5 });
    const shifted = bvp.map((_, k) => Math.sin(2 * Math.PI * (0.5 + k / sampleRateHz - shiftS)));
    return secondsOf(series.push({ ...window, bvp: shifted, startUs: window.startUs + 1 }));
  };
  assert.deepEqual(addedAfter(0.45), []);
  assert.deepEqual(addedAfter(0.4), []);
  const series = new BeatSeries();
  series.push(windowOf({ fromS: 0.5 }));
  const later = (shiftS: number) => {
    const other = new BeatSeries();
    other.push(windowOf({ fromS: 0.5 }));
    const bvp = Float64Array.from(
      { length: 301 },
      (_, k) => Math.sin(2 * Math.PI * (1.5 + k / sampleRateHz - shiftS)),
    );
    return secondsOf(other.push({ ...windowOf({ fromS: 1.5 }), bvp }));
  };
  assert.deepEqual(later(0.45), [10.45]);
  assert.deepEqual(later(0.55), [9.55]);
});

Deno.test("BeatSeries.beats has the beats of the last 60 seconds of windows", () => {
  const series = new BeatSeries();
  for (let fromS = 0.5; fromS <= 70; fromS += 2) series.push(windowOf({ fromS }));
  // The last window ends at 78.5 s.
  assert.deepEqual(secondsOf(series.beats), range(19, 77));
});

Deno.test("BeatSeries.reset() discards the beats, and the time of the last window", () => {
  const series = new BeatSeries();
  series.push(windowOf({ fromS: 5.5 }));
  series.reset();
  assert.deepEqual(series.beats, []);
  assert.deepEqual(secondsOf(series.push(windowOf({ fromS: 0.5 }))), range(2, 9));
});

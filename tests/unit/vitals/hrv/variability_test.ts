import assert from "node:assert/strict";
import fc from "fast-check";
import { variabilityOf } from "../../../../src/vitals/hrv/variability.ts";
import { refineExtremum } from "../../../../src/vitals/signal/extrema.ts";
import { Random } from "../../../support/random.ts";
import { scipy } from "../../../support/scipy.ts";
import { testWithShared } from "../../../support/shared_data.ts";

const near = (actual: number, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} is ${actual}, not ${expected}`);

/** Returns times of beats in seconds whose intervals vary. */
function beatTimes(
  count: number,
  { deviationMs, seed = 1 }: { deviationMs: number; seed?: number },
) {
  const random = new Random(seed);
  let time = 1;
  return Array.from({ length: count }, () => time += 0.85 + (deviationMs / 1000) * random.normal());
}

Deno.test("variabilityOf() has the RMSSD, SDNN and mean NN of numpy", async () => {
  const beats = beatTimes(60, { deviationMs: 30 });
  const expected = await scipy<number[]>(
    "nn = np.diff(data) * 1000\nresult = [np.sqrt(np.mean(np.diff(nn) ** 2)), nn.std(ddof=1), nn.mean()]",
    beats,
  );
  const found = variabilityOf(beats)!;
  assert.equal(found.artifactFraction, 0);
  near(found.rmssd, expected[0]!, 1e-6, "RMSSD");
  near(found.sdnn, expected[1]!, 1e-6, "SDNN");
  near(found.meanNn, expected[2]!, 1e-6, "mean NN");
});

Deno.test("variabilityOf() removes missed and false beats", () => {
  const beats = beatTimes(60, { deviationMs: 20 });
  const clean = variabilityOf(beats)!;
  const missed = variabilityOf(beats.toSpliced(30, 1))!;
  const added = variabilityOf(beats.toSpliced(30, 0, beats[30]! - 0.3))!;
  for (const corrupted of [missed, added]) {
    near(corrupted.rmssd, clean.rmssd, 3, "RMSSD");
    assert.ok(corrupted.artifactFraction > 0);
  }
});

Deno.test("variabilityOf() is finite or undefined for any beats", () => {
  const steps = fc.array(fc.double({ min: 0.01, max: 5, noNaN: true }), { maxLength: 80 });
  fc.assert(fc.property(steps, (list) => {
    let time = 0;
    const found = variabilityOf(list.map((step) => time += step));
    if (found) {
      for (const value of Object.values(found)) assert.ok(Number.isFinite(value) && value >= 0);
    }
  }));
});

interface Reference {
  readonly fps: number;
  readonly waveforms: {
    readonly ppg_waveform: { readonly data: number[]; readonly peak_indices: number[] };
  };
  readonly vitals: Readonly<Record<string, { readonly value: number }>>;
}

for (const number of [3, 5]) {
  const file = `data/reference/vitallens_${number}.json`;
  testWithShared(
    `variabilityOf() has the RMSSD of reference ${number} within 2 ms`,
    [file],
    ([path]) => {
      const { fps, waveforms, vitals }: Reference = JSON.parse(Deno.readTextFileSync(path!));
      const { data, peak_indices } = waveforms.ppg_waveform;
      const bvp = Float64Array.from(data);
      const peaks = peak_indices.map((index) => refineExtremum(bvp, index));
      const found = variabilityOf(peaks.map((index) => index / fps))!;
      near(found.rmssd, vitals.hrv_rmssd!.value, 2, "RMSSD");
      near(found.sdnn, vitals.hrv_sdnn!.value, 2, "SDNN");
    },
  );
}

/** Times of beats with these intervals in milliseconds. */
function timesOf(intervals: readonly number[]): number[] {
  let ms = 3000;
  return [3, ...intervals.map((interval) => (ms += interval) / 1000)];
}
const repeat = (value: number, count: number) => Array.from({ length: count }, () => value);

Deno.test("variabilityOf() has the values of a short series by their definitions", () => {
  const found = variabilityOf(timesOf([800, 860, 820, 800]))!;
  near(found.meanNn, 820, 1e-6, "mean NN");
  // Differences of 60, -40 and -20 ms; deviations of -20, 40, 0 and -20 ms.
  near(found.rmssd, Math.sqrt((3600 + 1600 + 400) / 3), 1e-6, "RMSSD");
  near(found.sdnn, Math.sqrt((400 + 1600 + 400) / 3), 1e-6, "SDNN");
  assert.deepEqual([found.nnCount, found.artifactFraction], [4, 0]);
});

Deno.test("variabilityOf() needs two differences of adjacent normal intervals", () => {
  assert.equal(variabilityOf([]), undefined);
  assert.equal(variabilityOf(timesOf([800, 800])), undefined);
  assert.ok(variabilityOf(timesOf([800, 800, 800])));
  // An artefact in the middle leaves two intervals on each side.
  assert.equal(variabilityOf(timesOf([800, 800, 1600, 800])), undefined);
  near(variabilityOf(timesOf([800, 810, 1600, 800, 820]))!.rmssd, Math.sqrt(250), 1e-6, "RMSSD");
});

Deno.test("variabilityOf() removes intervals that differ by over 20 % from their neighbors", () => {
  const fractionWith = (interval: number) =>
    variabilityOf(timesOf([...repeat(1000, 10), interval, ...repeat(1000, 9)]))!.artifactFraction;
  for (const interval of [820, 1180]) assert.equal(fractionWith(interval), 0, `${interval}`);
  for (const interval of [780, 1220]) near(fractionWith(interval), 1 / 20, 1e-9, `${interval}`);
});

Deno.test("variabilityOf() compares with the median of four intervals on each side", () => {
  /** Of intervals of 1 s and 1.5 s that follow each other in groups. */
  const countWith = (...lengths: readonly number[]) => {
    const intervals = lengths.flatMap((length, k) => repeat(k % 2 ? 1500 : 1000, length));
    return variabilityOf(timesOf(intervals))!.nnCount;
  };
  // Of the eight neighbors of each long interval, at most three are long as well.
  assert.equal(countWith(12, 4, 12), 24);
  // In a group of five, four of eight are: their median of 1.25 s is within 20 % of both.
  assert.equal(countWith(12, 5, 12), 29);
  // Both ends are compared with the four neighbors that they have.
  assert.equal(variabilityOf(timesOf([1500, ...repeat(1000, 9)]))!.nnCount, 9);
  assert.equal(variabilityOf(timesOf([...repeat(1000, 9), 1500]))!.nnCount, 9);
});

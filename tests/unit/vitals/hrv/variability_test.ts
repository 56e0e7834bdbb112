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

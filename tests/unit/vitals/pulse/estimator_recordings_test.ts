import assert from "node:assert/strict";
import {
  PULSE_REFERENCE,
  type Reference,
  waveformReference,
} from "../../../../src/validation/reference.ts";
import { summarize } from "../../../../src/validation/statistics.ts";
import { column, parseTable, timesOf } from "../../../../src/validation/table.ts";
import { traceSamples } from "../../../../src/validation/trace.ts";
import { runWindows } from "../../../../src/validation/windows.ts";
import { createVitalsEngine } from "../../../../src/vitals/engine.ts";
import { simulateTruth } from "../../../../src/capture/simulator/truth.ts";
import type { RegionSample } from "../../../../src/vision/region_sample.ts";
import { faceSamples } from "../../../support/face_samples.ts";
import { Random } from "../../../support/random.ts";
import { testWithShared } from "../../../support/shared_data.ts";

const FINGER = "data/traces/ppghou_0427_rgb_fingerppg_50hz.csv";

/** Samples with the true rate in the window of a number of seconds that ends at a time. */
interface Recorded {
  readonly samples: readonly RegionSample[];
  readonly reference: Reference;
}

async function readFinger(path: string): Promise<Recorded> {
  const table = parseTable(await Deno.readTextFile(path), "the finger trace");
  const reference = waveformReference(timesOf(table), column(table, "finger_ppg"), {
    band: PULSE_REFERENCE,
  });
  return { samples: [...traceSamples(table)], reference };
}

/** A minute of a noisy face at 50 fps, whose pulse rises slowly from 60 to 90 beats/min. */
function seededFace(): Recorded {
  const rate = (timeS: number) => 60 + timeS / 2;
  return {
    samples: [
      ...faceSamples({ pulse: rate, amplitude: 0.005, noise: 0.2, fps: 50, seconds: 60, seed: 9 }),
    ],
    reference: {
      description: "the seed",
      rateAt: (endS, windowS) => endS > windowS ? rate(endS - windowS / 2) : undefined,
    },
  };
}

/** Summary of the samples that `keep` selects against the reference. */
async function summarizePulse({ samples, reference }: Recorded, keep: (timeUs: number) => boolean) {
  const run = await runWindows(
    createVitalsEngine(),
    samples.filter(({ timeUs }) => keep(timeUs)),
    { windowS: 10, stepS: 1, references: { pulse: reference } },
  );
  return summarize(run.pulse, "pulse");
}

/** Checks the accuracy with all frames, with a random half of them, and at 15 fps. */
async function assertPulse(recorded: Recorded): Promise<void> {
  const whole = await summarizePulse(recorded, () => true);
  assert.ok(whole.coverage! >= 0.95 && whole.mae! < 0.5, JSON.stringify(whole));
  assert.ok(whole.first_value_s! < 8);
  const random = new Random(3);
  const half = await summarizePulse(recorded, () => random.uniform() < 0.5);
  assert.ok(half.mae! < whole.mae! + 0.2, JSON.stringify(half));
  let nextUs = 0;
  const slow = await summarizePulse(recorded, (timeUs) => {
    if (timeUs < nextUs) return false;
    nextUs = timeUs + 1e6 / 15 - 1_000;
    return true;
  });
  assert.ok(slow.mae! < whole.mae! + 0.2, JSON.stringify(slow));
}

Deno.test("PulseEstimator is within 0.5 beats/min of a seeded pulse, also with half of the frames", () =>
  assertPulse(seededFace()));

testWithShared(
  "PulseEstimator is within 0.5 beats/min of a contact PPG, also with half of the frames",
  [FINGER],
  async ([path]) => assertPulse(await readFinger(path!)),
);

Deno.test("waveformReference() is within 0.5 beats/min of the beats of a simulated pulse", () => {
  for (const [seed, pulse] of [[1, 52], [2, 75], [3, 120]] as const) {
    const { timeS, bvp, beatsS } = simulateTruth({ pulse, seed, durationS: 60 });
    const seconds = timeS.at(-1)!;
    const rate = waveformReference(timeS, bvp, { band: PULSE_REFERENCE })
      .rateAt(seconds, seconds)!;
    const truth = (60 * (beatsS.length - 1)) / (beatsS.at(-1)! - beatsS[0]!);
    assert.ok(Math.abs(rate - truth) < 0.5, `${rate} instead of ${truth}`);
  }
});

testWithShared(
  "waveformReference() is within 0.5 beats/min of the stated rates of whole recordings",
  [1, 3, 5].map((index) => `data/reference/vitallens_${index}.json`),
  async (paths) => {
    for (const path of paths) {
      const { fps, waveforms, vitals } = JSON.parse(await Deno.readTextFile(path));
      const ppg = Float64Array.from(waveforms.ppg_waveform.data as number[]);
      const times = ppg.map((_, k) => k / fps);
      const seconds = times.at(-1)!;
      const rate = waveformReference(times, ppg, { band: PULSE_REFERENCE })
        .rateAt(seconds, seconds)!;
      assert.ok(Math.abs(rate - vitals.heart_rate.value) < 0.5, `${rate} in ${path}`);
    }
  },
);

import assert from "node:assert/strict";
import { PULSE_REFERENCE, waveformReference } from "../../../../src/validation/reference.ts";
import { summarize } from "../../../../src/validation/statistics.ts";
import { column, parseTable, timesOf } from "../../../../src/validation/table.ts";
import { traceSamples } from "../../../../src/validation/trace.ts";
import { runWindows } from "../../../../src/validation/windows.ts";
import { createVitalsEngine } from "../../../../src/vitals/engine.ts";
import { Random } from "../../../support/random.ts";
import { testWithShared } from "../../../support/shared_data.ts";

const FINGER = "data/traces/ppghou_0427_rgb_fingerppg_50hz.csv";

/** Summary of the finger trace against its contact PPG, with the samples that `keep` selects. */
async function summarizeFinger(path: string, keep: (timeUs: number) => boolean) {
  const table = parseTable(await Deno.readTextFile(path), "the finger trace");
  const samples = [...traceSamples(table)].filter(({ timeUs }) => keep(timeUs));
  const reference = waveformReference(timesOf(table), column(table, "finger_ppg"), {
    band: PULSE_REFERENCE,
  });
  const run = await runWindows(createVitalsEngine(), samples, {
    windowS: 10,
    stepS: 1,
    references: { pulse: reference },
  });
  return summarize(run.pulse, "pulse");
}

testWithShared(
  "PulseEstimator is within 0.5 beats/min of a contact PPG, also with half of the frames",
  [FINGER],
  async ([path]) => {
    const whole = await summarizeFinger(path!, () => true);
    assert.ok(whole.coverage! >= 0.95 && whole.mae! < 0.5, JSON.stringify(whole));
    assert.ok(whole.first_value_s! < 8);
    const random = new Random(3);
    const half = await summarizeFinger(path!, () => random.uniform() < 0.5);
    assert.ok(half.mae! < whole.mae! + 0.2, JSON.stringify(half));
    let nextUs = 0;
    const slow = await summarizeFinger(path!, (timeUs) => {
      if (timeUs < nextUs) return false;
      nextUs = timeUs + 1e6 / 15 - 1_000;
      return true;
    });
    assert.ok(slow.mae! < whole.mae! + 0.2, JSON.stringify(slow));
  },
);

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

import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import { Vision } from "../../../src/vision/vision.ts";
import type { BreathingEstimate } from "../../../src/vitals/estimate.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { testWithShared } from "../../support/shared_data.ts";

/** Returns five breathing estimates a second of a recording, with vision and vitals. */
async function breathingOf(
  input: string,
): Promise<{ timeS: number; estimate: BreathingEstimate }[]> {
  await using vision = await Vision.open();
  await using source = await openFfmpegSource({ input, realtime: false });
  const engine = createVitalsEngine();
  const estimates: { timeS: number; estimate: BreathingEstimate }[] = [];
  let firstUs: number | undefined;
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    const sample = await vision.observeInOrder(frame);
    firstUs ??= sample.timeUs;
    engine.push(sample);
    if (frame.sequence % 6 === 0) {
      estimates.push({
        timeS: (sample.timeUs - firstUs) / 1e6,
        estimate: engine.estimate().breathing,
      });
    }
  }
  return estimates;
}

testWithShared(
  "VitalsEngine measures a rendered person at 28 breaths/min within 1",
  ["data/video/breathing_avatar.mp4"],
  async ([path]) => {
    const reported = (await breathingOf(path!)).flatMap(({ timeS, estimate }) =>
      estimate.strict ? [{ timeS, value: estimate.strict.value }] : []
    );
    assert.ok(reported.length > 50, `reported ${reported.length} times`);
    for (const { timeS, value } of reported) {
      assert.ok(Math.abs(value - 28) <= 1, `${value} after ${timeS} s`);
    }
  },
);

testWithShared(
  "VitalsEngine withholds the breathing of a sleeping baby filmed from above for ten seconds",
  ["data/video/evm_baby.mp4"],
  async ([path]) => {
    for (const { estimate } of await breathingOf(path!)) {
      assert.equal(estimate.strict, undefined);
      assert.ok(estimate.withheld);
    }
  },
);

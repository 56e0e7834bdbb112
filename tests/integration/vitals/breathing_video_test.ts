import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import { Vision } from "../../../src/vision/vision.ts";
import type { BreathingEstimate } from "../../../src/vitals/estimate.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { testWithShared } from "../../support/shared_data.ts";

/** What is said about breathing while a recording runs through vision and vitals. */
async function watch(input: string): Promise<{ timeS: number; estimate: BreathingEstimate }[]> {
  await using vision = await Vision.open();
  await using source = await openFfmpegSource({ input, realtime: false });
  const engine = createVitalsEngine();
  const said: { timeS: number; estimate: BreathingEstimate }[] = [];
  let firstUs: number | undefined;
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    const sample = await vision.observeInOrder(frame);
    firstUs ??= sample.timeUs;
    engine.push(sample);
    if (frame.sequence % 6 === 0) {
      said.push({ timeS: (sample.timeUs - firstUs) / 1e6, estimate: engine.estimate().breathing });
    }
  }
  return said;
}

testWithShared(
  "a figure that breathes 28 times a minute is read within 1",
  ["data/video/breathing_avatar.mp4"],
  async ([path]) => {
    const told = (await watch(path!)).flatMap(({ timeS, estimate }) =>
      estimate.strict ? [{ timeS, value: estimate.strict.value }] : []
    );
    assert.ok(told.length > 50, `told ${told.length} times`);
    for (const { timeS, value } of told) {
      assert.ok(Math.abs(value - 28) <= 1, `${value} after ${timeS} s`);
    }
  },
);

testWithShared(
  "a sleeping baby seen from above for ten seconds is withheld, not guessed",
  ["data/video/evm_baby.mp4"],
  async ([path]) => {
    for (const { estimate } of await watch(path!)) {
      assert.equal(estimate.strict, undefined);
      assert.ok(estimate.withheld);
    }
  },
);

import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import type { FrameSource } from "../../../src/capture/frame.ts";
import { SimulatedCamera } from "../../../src/capture/simulator/camera.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import type { PulseEstimate } from "../../../src/vitals/estimate.ts";
import { Vision } from "../../../src/vision/vision.ts";
import { testWithShared } from "../../support/shared_data.ts";

/** What is said of the pulse, five times a second, through the real vision at full speed. */
async function pulseOf(source: FrameSource): Promise<PulseEstimate[]> {
  await using opened = source;
  await using vision = await Vision.open();
  const engine = createVitalsEngine();
  const said: PulseEstimate[] = [];
  let nextUs = -Infinity;
  for await (const event of opened) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    engine.push(await vision.observeInOrder(frame));
    if (frame.timeUs < nextUs) continue;
    nextUs = frame.timeUs + 200_000;
    said.push(engine.estimate().pulse);
  }
  return said;
}

const values = (said: readonly PulseEstimate[]) =>
  said.flatMap(({ strict }) => (strict ? [strict.value] : []));

testWithShared("a still face is read within ten seconds", ["data/video/evm_face.mp4"], async ([
  input,
]) => {
  const told = values(await pulseOf(await openFfmpegSource({ input: input!, realtime: false })));
  assert.ok(told.length > 10);
  assert.ok(told.every((value) => value > 51 && value < 56), told.join(" "));
  assert.ok(told.at(-1)! >= 52);
});

testWithShared("a wrist has no face and never a pulse", ["data/video/evm_wrist.mp4"], async ([
  input,
]) => {
  const said = await pulseOf(await openFfmpegSource({ input: input!, realtime: false }));
  assert.deepEqual(values(said), []);
  assert.equal(said.at(-1)!.withheld, "no_face");
});

for (
  const [scene, reason] of [["photo", "low_quality"], ["flicker", "flicker"], [
    "empty",
    "no_face",
  ]] as const
) {
  Deno.test(`where there is only ${scene}, no pulse is told, and the reason is ${reason}`, async () => {
    const said = await pulseOf(
      new SimulatedCamera({ scene, noise: 2, durationS: 20, realtime: false, seed: 5 }),
    );
    assert.deepEqual(values(said), []);
    assert.equal(said.at(-1)!.withheld, reason);
  });
}

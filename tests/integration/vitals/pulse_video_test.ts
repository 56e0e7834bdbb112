import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import type { FrameSource } from "../../../src/capture/frame.ts";
import { SimulatedCamera } from "../../../src/capture/simulator/camera.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { RateNetwork } from "../../../src/vitals/pulse/rate_network/rate_network.ts";
import type { PulseEstimate } from "../../../src/vitals/estimate.ts";
import { Vision } from "../../../src/vision/vision.ts";
import { testWithShared } from "../../support/shared_data.ts";

/** Returns five pulse estimates a second of a source, with vision and vitals at full speed. */
async function pulseOf(source: FrameSource): Promise<PulseEstimate[]> {
  await using opened = source;
  await using vision = await Vision.open();
  using rateNetwork = await RateNetwork.open();
  const engine = createVitalsEngine({ pulse: { rateNetwork } });
  const estimates: PulseEstimate[] = [];
  let nextUs = -Infinity;
  for await (const event of opened) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    engine.push(await vision.observeInOrder(frame));
    if (frame.timeUs < nextUs) continue;
    nextUs = frame.timeUs + 200_000;
    estimates.push(engine.estimate().pulse);
  }
  return estimates;
}

const values = (estimates: readonly PulseEstimate[]) =>
  estimates.flatMap(({ strict }) => (strict ? [strict.value] : []));

testWithShared("VitalsEngine measures the pulse of a still face within ten seconds", [
  "data/video/evm_face.mp4",
], async ([
  input,
]) => {
  const reported = values(
    await pulseOf(await openFfmpegSource({ input: input!, realtime: false })),
  );
  assert.ok(reported.length > 10);
  assert.ok(reported.every((value) => value > 51 && value < 56), reported.join(" "));
  assert.ok(reported.at(-1)! >= 52);
});

testWithShared("VitalsEngine withholds the pulse of a wrist as no_face", [
  "data/video/evm_wrist.mp4",
], async ([
  input,
]) => {
  const estimates = await pulseOf(await openFfmpegSource({ input: input!, realtime: false }));
  assert.deepEqual(values(estimates), []);
  assert.equal(estimates.at(-1)!.withheld, "no_face");
});

for (
  const [scene, reason] of [["photo", "low_quality"], ["flicker", "flicker"], [
    "empty",
    "no_face",
  ]] as const
) {
  Deno.test(`VitalsEngine withholds the pulse of the scene ${scene} as ${reason}`, async () => {
    const estimates = await pulseOf(
      new SimulatedCamera({ scene, noise: 2, durationS: 20, realtime: false, seed: 5 }),
    );
    assert.deepEqual(values(estimates), []);
    assert.equal(estimates.at(-1)!.withheld, reason);
  });
}

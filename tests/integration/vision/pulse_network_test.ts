import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import { assetPath } from "../../../src/base/assets.ts";
import { Vision } from "../../../src/vision/vision.ts";
import { sharedPath, testWithShared } from "../../support/shared_data.ts";
import { dominantRatePerMinute } from "../../support/dominant_rate.ts";

const MODEL = "models/me_rppg.onnx";

testWithShared("PulseNetwork measures the pulse of evm_face", [
  MODEL,
  "data/video/evm_face.mp4",
], async ([pulseModelPath = "", input = ""]) => {
  await using vision = await Vision.open({ pulseModelPath });
  await using source = await openFfmpegSource({ input, realtime: false });
  const samples: { timeUs: number; value: number }[] = [];
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    const { timeUs, networkPulse } = await vision.observeInOrder(frame);
    if (networkPulse !== undefined) samples.push({ timeUs, value: networkPulse });
  }
  assert.ok(samples.length > 280, `${samples.length} samples`);
  const settled = samples.filter(({ timeUs }) => timeUs > (samples[0]?.timeUs ?? 0) + 2e6);
  const rate = dominantRatePerMinute(
    settled.map(({ timeUs }) => timeUs),
    settled.map(({ value }) => value),
  );
  assert.ok(Math.abs(rate - 53) <= 3, `${rate} beats/min`);
});

Deno.test("PulseNetwork rejects another kind of model with its path and the reason", async () => {
  const path = assetPath("faceDetector");
  await assert.rejects(Vision.open({ pulseModelPath: path }), (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.ok(error.message.startsWith(`Cannot use the pulse model ${path}: `), error.message);
    return true;
  });
  await assert.rejects(Vision.open({ pulseModelPath: sharedPath("nothing.onnx") }), /nothing.onnx/);
});

import type { CameraReader } from "../camera_reader.ts";
import { type CameraInputSettings, devicePathOf } from "../camera_flags.ts";
import { type PipelineSettings, wholePipeline } from "./pipelines.ts";

/** Reads a camera by a pipeline of GStreamer. */
export const gstreamerReader: CameraReader = {
  async check(camera) {
    const { checkPipeline } = await import("./source.ts");
    await checkPipeline(wholePipeline(settingsOf(camera)));
  },
  async open(camera, { clock, counters, log, analysisWidth }) {
    const { GstreamerSource } = await import("./source.ts");
    return new GstreamerSource({
      pipeline: wholePipeline(settingsOf(camera)),
      fps: camera.maxFps,
      analysisWidth,
      clock,
      counters,
      log,
    });
  },
};

function settingsOf(camera: CameraInputSettings): PipelineSettings {
  return {
    pipeline: camera.pipeline ?? "",
    device: devicePathOf(camera),
    index: camera.deviceIndex,
    width: camera.widthPx,
    height: camera.heightPx,
    fps: camera.maxFps,
  };
}

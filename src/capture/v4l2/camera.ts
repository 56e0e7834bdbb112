import type { CameraReader } from "../camera_reader.ts";
import { devicePathOf } from "../camera_flags.ts";

/** Reads a camera by V4L2. */
export const v4l2Reader: CameraReader = {
  async check(camera) {
    const { checkCamera } = await import("./cameras.ts");
    checkCamera(devicePathOf(camera));
  },
  async open(camera, context) {
    const { V4l2Source } = await import("./source.ts");
    return new V4l2Source({
      device: devicePathOf(camera),
      width: camera.widthPx,
      height: camera.heightPx,
      fps: camera.maxFps,
      codec: camera.codec,
      transform: camera.inputTransformMode,
      powerLine: camera.powerLineFrequency,
      ...context,
    });
  },
};

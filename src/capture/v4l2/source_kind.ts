import type { SourceKind } from "../source_kind.ts";
import { cameraFlags, type CameraInputSettings } from "./flags.ts";

/** A camera of this machine. */
export const cameraKind = {
  name: "camera",
  topics: { camera: cameraFlags },
  selectedBy: "--use_camera",
  isSelected: ({ camera }) => camera.use,
  // Native code reads the device.
  permissions: () => ({}),
  async check({ camera }) {
    const { checkCamera } = await import("./cameras.ts");
    checkCamera(deviceOf(camera));
  },
  async open({ camera }, context) {
    const { V4l2Source } = await import("./source.ts");
    return new V4l2Source({
      device: deviceOf(camera),
      width: camera.widthPx,
      height: camera.heightPx,
      fps: camera.maxFps,
      codec: camera.codec,
      transform: camera.inputTransformMode,
      powerLine: camera.powerLineFrequency,
      ...context,
    });
  },
} as const satisfies SourceKind<{ readonly camera: CameraInputSettings }>;

function deviceOf({ device, deviceIndex }: CameraInputSettings): string {
  return device ?? `/dev/video${deviceIndex}`;
}

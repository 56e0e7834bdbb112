import type { Rule } from "../../config/flag_table.ts";
import type { CameraInputSettings } from "../camera_flags.ts";

/** Returns why libcamera cannot be used with these settings; undefined if it can. */
export function conflictOf(
  { device, codec, inputTransformMode }: CameraInputSettings,
): string | undefined {
  if (device !== undefined) {
    return "Cannot use --camera_device with libcamera: select its camera by --camera_device_index";
  }
  if (codec !== "auto" && codec !== "MJPG") {
    return `Cannot use --codec=${codec} with libcamera: use auto (raw frames) or MJPG`;
  }
  if (/clockwise_90$/.test(inputTransformMode)) {
    return `Cannot use --input_transform_mode=${inputTransformMode} with libcamera: ` +
      "it can only mirror the image or rotate it by 180 degrees";
  }
  return undefined;
}

export const libcameraRule: Rule<{ readonly camera: CameraInputSettings }> = ({ camera }) =>
  camera.use && camera.source === "libcamera" ? conflictOf(camera) : undefined;

import { UsageError } from "../../base/errors.ts";
import type { CameraReader } from "../camera_reader.ts";
import type { CameraInputSettings } from "../camera_flags.ts";
import { conflictOf } from "./flags.ts";
import type { LibcameraSettings, SensorTransform } from "./options.ts";

/** Quality of JPEGs from which only the pulse is measured, as none are published. */
const UNPUBLISHED_QUALITY = 95;

/** Reads a camera by libcamera. */
export const libcameraReader: CameraReader = {
  async check(camera) {
    rejectConflict(camera);
    const { checkLibcamera } = await import("./cameras.ts");
    await checkLibcamera(camera.deviceIndex);
  },
  async open(camera, { clock, counters, log, analysisWidth, jpegQuality }) {
    rejectConflict(camera);
    const { LibcameraSource } = await import("./source.ts");
    const quality = jpegQuality === 0 ? UNPUBLISHED_QUALITY : jpegQuality;
    return new LibcameraSource({
      ...settingsOf(camera, { analysisWidth, jpegQuality: quality }),
      clock,
      counters,
      log,
    });
  },
};

/** @throws {UsageError} for settings of V4L2, which `auto` cannot refuse before it knows the camera */
function rejectConflict(camera: CameraInputSettings): void {
  const conflict = conflictOf(camera);
  if (conflict !== undefined) throw new UsageError(conflict);
}

function settingsOf(
  camera: CameraInputSettings,
  image: Pick<LibcameraSettings, "analysisWidth" | "jpegQuality">,
): LibcameraSettings {
  return {
    ...image,
    index: camera.deviceIndex,
    width: camera.widthPx,
    height: camera.heightPx,
    fps: camera.maxFps,
    format: camera.codec === "MJPG" ? "jpeg" : "raw",
    transform: camera.inputTransformMode as SensorTransform,
    powerLine: camera.powerLineFrequency,
  };
}

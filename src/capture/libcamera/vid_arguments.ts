import type { FrameMetadata } from "./frame_metadata.ts";
import type { LibcameraSettings, SensorTransform } from "./options.ts";
import type { PixelSize } from "./raw_layout.ts";

/** Flags that mirror or rotate the image while the sensor is read, without a cost. */
const TRANSFORM_FLAGS: Readonly<Record<SensorTransform, readonly string[]>> = {
  none: [],
  clockwise_180: ["--rotation", "180"],
  mirror_horizontal: ["--hflip"],
  mirror_vertical: ["--vflip"],
};

/** Half a period of the mains, in which a lamp flickers once. */
const FLICKER_FLAGS: Readonly<Record<LibcameraSettings["powerLine"], readonly string[]>> = {
  auto: [],
  off: [],
  50: ["--flicker-period", "10000us"],
  60: ["--flicker-period", "8333us"],
};

/** Values of exposure, white balance and focus that a camera keeps. */
export type LockedControls =
  & Required<Pick<FrameMetadata, "exposureUs" | "analogueGain">>
  & Pick<
    FrameMetadata,
    "colourGains" | "lensPosition"
  >;

/** Returns the values to keep; undefined if the camera does not report its exposure and gain. */
export function controlsOf(metadata: FrameMetadata): LockedControls | undefined {
  const { exposureUs, analogueGain, colourGains, lensPosition } = metadata;
  if (exposureUs === undefined || analogueGain === undefined) return undefined;
  return {
    exposureUs,
    analogueGain,
    ...colourGains && { colourGains },
    ...lensPosition !== undefined && { lensPosition },
  };
}

/**
 * Returns the arguments of rpicam-vid that write frames and their metadata to stdout until it is
 * ended.
 *
 * @param size of the frames, aligned for raw frames
 */
export function vidArguments(
  { index, fps, format, transform, powerLine, jpegQuality }: LibcameraSettings,
  { width, height }: PixelSize,
  locked?: LockedControls,
): string[] {
  return [
    ...["--camera", `${index}`, "--timeout", "0", "--nopreview"],
    ...["--width", `${width}`, "--height", `${height}`, "--framerate", `${fps}`],
    ...format === "raw"
      ? ["--codec", "yuv420"]
      : ["--codec", "mjpeg", "--quality", `${jpegQuality}`],
    ...["--output", "-", "--flush", "--metadata", "-", "--metadata-format", "json"],
    // The means of regions need no filter of color noise, which may remove small changes of color.
    ...["--denoise", "cdn_off"],
    ...TRANSFORM_FLAGS[transform],
    ...FLICKER_FLAGS[powerLine],
    ...locked ? lockArguments(locked) : [],
  ];
}

function lockArguments(
  { exposureUs, analogueGain, colourGains, lensPosition }: LockedControls,
): string[] {
  return [
    ...["--shutter", `${Math.round(exposureUs)}`, "--gain", `${analogueGain}`],
    ...colourGains ? ["--awbgains", colourGains.join(",")] : [],
    // A camera without a focus motor reports no position.
    ...lensPosition === undefined
      ? []
      : ["--autofocus-mode", "manual", "--lens-position", `${lensPosition}`],
  ];
}

import {
  bool,
  choice,
  float,
  int,
  optionalPath,
  optionalText,
  topic,
  type ValuesOf,
} from "../config/flag.ts";

/** The camera of this machine and the format of its frames. */
export const cameraFlags = topic("Camera", ["serve"], {
  use: bool("use_camera", "Use a camera of this machine as the input."),
  source: choice(
    "camera_source",
    "How the camera is read: v4l2 for USB cameras, libcamera (rpicam-vid) for the ribbon cable of a " +
      "Raspberry Pi, gstreamer for --camera_pipeline; auto: by the driver of the camera device.",
    { default: "auto", choices: ["auto", "v4l2", "libcamera", "gstreamer"] },
  ),
  pipeline: optionalText(
    "camera_pipeline",
    "GStreamer pipeline without its sink, in the syntax of gst-launch-1.0, or only v4l2src, " +
      'libcamerasrc, nvarguscamerasrc or "rtspsrc location=URL".',
    { placeholder: "PIPELINE" },
  ),
  deviceIndex: int(
    "camera_device_index",
    "Number of the camera device: N in /dev/videoN; with libcamera, its own number of the camera.",
    { default: 0, range: [0, 255] },
  ),
  device: optionalPath(
    "camera_device",
    "Path of the camera device. A link in /dev/v4l/by-id/ stays the same when the camera is " +
      "reconnected. Overrides --camera_device_index.",
    { placeholder: "PATH" },
  ),
  widthPx: int("capture_width_px", "Width of the captured frames in pixels.", {
    default: 640,
    range: [64, 7680],
    commands: ["serve", "simulate", "validate"],
  }),
  heightPx: int("capture_height_px", "Height of the captured frames in pixels.", {
    default: 480,
    range: [64, 4320],
    commands: ["serve", "simulate", "validate"],
  }),
  maxFps: float("max_fps", "Maximum frame rate to request from the camera, in frames per second.", {
    default: 30,
    range: [1, 240],
    commands: ["serve", "simulate", "validate"],
  }),
  codec: choice(
    "codec",
    "Pixel format of the camera; auto selects the best one that it supports.",
    {
      default: "auto",
      choices: ["auto", "MJPG", "YUYV", "UYVY", "NV12", "GREY", "Y10", "Y12", "Y16"],
    },
  ),
  autoLock: bool("auto_lock", "Lock exposure and white balance while a face is tracked steadily.", {
    default: true,
  }),
  powerLineFrequency: choice(
    "camera_power_line_frequency",
    "Mains frequency in Hz for the camera's flicker suppression; auto keeps the camera's setting.",
    { default: "auto", choices: ["auto", "off", "50", "60"] },
  ),
  inputTransformMode: choice(
    "input_transform_mode",
    "Rotate or mirror every frame before processing; also applies to a video.",
    {
      default: "none",
      choices: [
        "none",
        "clockwise_90",
        "clockwise_180",
        "counterclockwise_90",
        "mirror_horizontal",
        "mirror_vertical",
      ],
      placeholder: "MODE",
      commands: ["serve", "validate"],
    },
  ),
});

export type CameraInputSettings = ValuesOf<typeof cameraFlags>;

/** Returns the path of the camera device of V4L2. */
export function devicePathOf({ device, deviceIndex }: CameraInputSettings): string {
  return device ?? `/dev/video${deviceIndex}`;
}

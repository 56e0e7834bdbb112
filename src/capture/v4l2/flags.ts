import { bool, choice, float, int, optionalPath, topic, type ValuesOf } from "../../config/flag.ts";

/** A camera of this machine, and how its pictures stand. */
export const cameraFlags = topic("Camera", ["serve"], {
  use: bool("use_camera", "Read a camera of this machine."),
  deviceIndex: int("camera_device_index", "The N of /dev/videoN.", { default: 0, range: [0, 255] }),
  device: optionalPath(
    "camera_device",
    "A camera by its path, such as a link in /dev/v4l/by-id/, which survives replugging. " +
      "Overrides --camera_device_index.",
    { placeholder: "PATH" },
  ),
  widthPx: int("capture_width_px", "Width of the captured picture.", {
    default: 640,
    range: [64, 7680],
    commands: ["serve", "simulate", "validate"],
  }),
  heightPx: int("capture_height_px", "Height of the captured picture.", {
    default: 480,
    range: [64, 4320],
    commands: ["serve", "simulate", "validate"],
  }),
  maxFps: float("max_fps", "Frames per second to ask for, at most.", {
    default: 30,
    range: [1, 240],
    commands: ["serve", "simulate", "validate"],
  }),
  codec: choice("codec", "The camera's pixel format; auto takes the best that it has.", {
    default: "auto",
    choices: ["auto", "MJPG", "YUYV", "UYVY", "NV12", "GREY"],
  }),
  autoLock: bool("auto_lock", "Lock exposure and white balance while a face is steady.", {
    default: true,
  }),
  powerLineFrequency: choice(
    "camera_power_line_frequency",
    "The mains frequency in Hz, against flicker; auto leaves it to the camera.",
    { default: "auto", choices: ["auto", "off", "50", "60"] },
  ),
  inputTransformMode: choice(
    "input_transform_mode",
    "Turns or mirrors the picture before anything looks at it; also for a video.",
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

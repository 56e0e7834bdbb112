import { definedPaths, type PermissionsOf } from "../../config/permissions.ts";
import {
  bool,
  choice,
  float,
  int,
  optionalPath,
  text,
  topic,
  type ValuesOf,
} from "../../config/flag.ts";

/**
 * The pattern of a rate, or of steps such as `60,100@30,0@45`.
 *
 * @param below matches the rates under `max`
 */
function schedulePattern(max: string, below: string) {
  const rate = `(?:${below}|${max}(?:\\.0+)?)`;
  return {
    regex: new RegExp(`^${rate}(?:,${rate}@\\d+(?:\\.\\d+)?)*$`),
    description: `a rate from 0 to ${max}, or steps such as 60,40@30 (40 from 30 s on)`,
  };
}

/** The simulated camera: a portrait with a pulse and breathing. */
export const simulateFlags = topic("Simulated camera", ["serve", "simulate", "validate"], {
  enabled: bool("simulate", "Use a simulated camera as the input.", {
    commands: ["serve", "validate"],
  }),
  scene: choice("simulate_scene", "Scene in front of the simulated camera.", {
    default: "person",
    choices: ["person", "two_faces", "photo", "flicker", "empty", "dark", "bright"],
    placeholder: "SCENE",
  }),
  spectrum: choice(
    "simulate_spectrum",
    "Light and sensor of the simulated camera; infrared: grayscale images with a weaker pulse.",
    { default: "visible", choices: ["visible", "infrared"] },
  ),
  pulseBpm: text(
    "simulate_pulse",
    "Simulated pulse rate in beats/min; 0: no pulse; 60,100@30: 60, then 100 from 30 s on.",
    {
      default: "72",
      pattern: schedulePattern("240", "(?:\\d{1,2}|1\\d\\d|2[0-3]\\d)(?:\\.\\d+)?"),
      placeholder: "RATE",
    },
  ),
  breathingBpm: text(
    "simulate_breathing",
    "Simulated breathing rate in breaths/min, in the same format.",
    {
      default: "15",
      pattern: schedulePattern("60", "(?:\\d|[1-5]\\d)(?:\\.\\d+)?"),
      placeholder: "RATE",
    },
  ),
  noise: float("simulate_noise", "Standard deviation of the sensor noise, in gray levels.", {
    default: 1,
    range: [0, 50],
  }),
  motion: float(
    "simulate_motion",
    "Amplitude of the head motion, in pixels of a frame 640 pixels wide.",
    {
      default: 0,
      range: [0, 200],
    },
  ),
  light: float(
    "simulate_light",
    "Amplitude of the illumination drift, as a fraction of the mean brightness.",
    {
      default: 0,
      range: [0, 1],
    },
  ),
  frameDrop: float("simulate_frame_drop", "Fraction of frames that are dropped at random.", {
    default: 0,
    range: [0, 0.95],
  }),
  seed: int(
    "simulate_seed",
    "Seed of the random number generator; the same seed gives the same frames.",
    {
      default: 1,
      range: [0, 4294967295],
    },
  ),
  truthPath: optionalPath(
    "simulate_truth_path",
    "CSV file that the simulated camera writes its ground truth to.",
    { commands: ["serve"], writes: "file" },
  ),
});

export type SimulatedCameraSettings = ValuesOf<typeof simulateFlags>;

/** Output of the command `simulate`. */
export const simulationFlags = topic("Output of simulate", ["simulate"], {
  outputPath: optionalPath("output", "Video file to write, such as clip.avi (MJPEG)."),
  truthPath: optionalPath("truth", "CSV file to write the ground truth to."),
  durationS: float("duration", "Duration of the video in seconds.", {
    default: 30,
    range: [0.1, 86400],
  }),
});

export type SimulationSettings = ValuesOf<typeof simulationFlags>;

export const simulationPermissions: PermissionsOf<{ readonly simulation: SimulationSettings }> = (
  { simulation: { outputPath, truthPath } },
) => ({ write: definedPaths(outputPath, truthPath) });

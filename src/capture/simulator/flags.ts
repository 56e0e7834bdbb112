import { given, type PermissionsOf } from "../../config/permissions.ts";
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

/** A rate, or steps such as `60,100@30,0@45`. @param below matches the rates under `most` */
function schedulePattern(most: string, below: string) {
  const rate = `(?:${below}|${most}(?:\\.0+)?)`;
  return {
    regex: new RegExp(`^${rate}(?:,${rate}@\\d+(?:\\.\\d+)?)*$`),
    says: `a rate of 0 to ${most}, or steps such as 60,40@30 (40 from 30 s on)`,
  };
}

/** The simulated camera: a portrait that has a pulse and breathes. */
export const simulateFlags = topic("Simulated camera", ["serve", "simulate", "validate"], {
  enabled: bool("simulate", "Read a simulated camera instead of a real one.", {
    commands: ["serve", "validate"],
  }),
  scene: choice("simulate_scene", "What the simulated camera looks at.", {
    default: "person",
    choices: ["person", "two_faces", "photo", "flicker", "empty", "dark", "bright"],
    placeholder: "SCENE",
  }),
  pulseBpm: text("simulate_pulse", "Pulse in beats/min; 0: none; 60,100@30: 100 from 30 s on.", {
    default: "72",
    pattern: schedulePattern("240", "(?:\\d{1,2}|1\\d\\d|2[0-3]\\d)(?:\\.\\d+)?"),
    placeholder: "RATE",
  }),
  breathingBpm: text("simulate_breathing", "Breathing in breaths/min, in the same way.", {
    default: "15",
    pattern: schedulePattern("60", "(?:\\d|[1-5]\\d)(?:\\.\\d+)?"),
    placeholder: "RATE",
  }),
  noise: float("simulate_noise", "Standard deviation of the sensor's noise, in grey levels.", {
    default: 1,
    range: [0, 50],
  }),
  motion: float("simulate_motion", "How far the head sways, in pixels of a picture 640 wide.", {
    default: 0,
    range: [0, 200],
  }),
  light: float("simulate_light", "How far the light drifts, as a share of its mean.", {
    default: 0,
    range: [0, 1],
  }),
  frameDrop: float("simulate_frame_drop", "The share of frames that get lost at random.", {
    default: 0,
    range: [0, 0.95],
  }),
  seed: int("simulate_seed", "Seed of everything random, so that a run can be repeated.", {
    default: 1,
    range: [0, 4294967295],
  }),
  truthPath: optionalPath(
    "simulate_truth_path",
    "Where the simulated camera writes its truth as CSV while it runs.",
    { commands: ["serve"], writes: "file" },
  ),
});

export type SimulatedCameraSettings = ValuesOf<typeof simulateFlags>;

/** What the command `simulate` writes. */
export const simulationFlags = topic("Output of simulate", ["simulate"], {
  outputPath: optionalPath("output", "The video to write, such as clip.avi (MJPEG)."),
  truthPath: optionalPath("truth", "The truth to write as CSV."),
  durationS: float("duration", "Length of the video in seconds.", {
    default: 30,
    range: [0.1, 86400],
  }),
});

export type SimulationSettings = ValuesOf<typeof simulationFlags>;

export const simulationPermissions: PermissionsOf<{ readonly simulation: SimulationSettings }> = (
  { simulation: { outputPath, truthPath } },
) => ({ write: given(outputPath, truthPath) });

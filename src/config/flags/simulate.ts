import { bool, choice, float, int, optionalPath, topic } from "../flag.ts";

/** The simulated camera: a portrait that has a pulse and breathes. */
export const simulate = topic("Simulated camera", ["serve", "simulate", "validate"], {
  enabled: bool("simulate", "Read a simulated camera instead of a real one.", {
    commands: ["serve", "validate"],
  }),
  scene: choice("simulate_scene", "What the simulated camera looks at.", {
    default: "person",
    choices: ["person", "two_faces", "photo", "flicker", "empty", "dark", "bright"],
    placeholder: "SCENE",
  }),
  pulseBpm: float("simulate_pulse", "Pulse in beats/min; 0: none.", {
    default: 72,
    range: [0, 240],
  }),
  breathingBpm: float("simulate_breathing", "Breathing in breaths/min; 0: none.", {
    default: 15,
    range: [0, 60],
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
    { commands: ["serve"] },
  ),
});

/** What the command `simulate` writes. */
export const simulation = topic("Output of simulate", ["simulate"], {
  outputPath: optionalPath("output", "The video to write, such as clip.avi (MJPEG)."),
  truthPath: optionalPath("truth", "The truth to write as CSV."),
  durationS: float("duration", "Length of the video in seconds.", {
    default: 30,
    range: [0.1, 86400],
  }),
});

// Generated from src/vitals/withheld.ts by `deno task docs`; do not edit.

/** Labels of the reasons why a value is withheld. */
export const REASONS = {
  no_face: "No face detected",
  warming_up: "Measuring: this takes some seconds",
  low_quality: "Low signal quality",
  motion: "Too much motion",
  flicker: "Flickering light",
  too_dark: "Image too dark",
  too_bright: "Image too bright",
  low_frame_rate: "Frame rate too low",
  no_chest: "Chest not visible",
  irregular: "Irregular heart rhythm",
  face_changed: "New face: measuring again",
  frozen: "Image frozen",
  camera_disconnected: "Camera disconnected",
};

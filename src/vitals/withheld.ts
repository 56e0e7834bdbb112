/** Why a value is withheld, each reason with its meaning. */
export const WITHHELD_REASONS = {
  no_face: "There is no face in the image.",
  warming_up: "Too little time has passed since the start of the measurement.",
  low_quality: "The signal is too noisy for a reliable value.",
  motion: "The person or the camera moves too much.",
  flicker: "The light flickers at a frequency that could be taken for a pulse.",
  too_dark: "The image is too dark.",
  too_bright: "The image is too bright.",
  low_frame_rate: "The camera delivers too few frames.",
  no_chest: "Too little of the chest is in the image.",
  camera_disconnected: "The camera is disconnected.",
} as const;

export type Withheld = keyof typeof WITHHELD_REASONS;

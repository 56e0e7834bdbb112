/** What is documented about one reason for withholding a value. */
interface WithheldRow {
  /** The reason in a few words, for a screen. */
  readonly label: string;
  /** The reason in a sentence. */
  readonly meaning: string;
}

/** Why a value is withheld: one row per reason. */
export const WITHHELD_TABLE = {
  no_face: {
    label: "No face detected",
    meaning: "There is no face in the image.",
  },
  warming_up: {
    label: "Measuring: this takes some seconds",
    meaning: "Too little time has passed since the start of the measurement.",
  },
  low_quality: {
    label: "Low signal quality",
    meaning: "The signal is too noisy for a reliable value.",
  },
  motion: {
    label: "Too much motion",
    meaning: "The person or the camera moves too much.",
  },
  flicker: {
    label: "Flickering light",
    meaning: "The light flickers at a frequency that could be taken for a pulse.",
  },
  too_dark: {
    label: "Image too dark",
    meaning: "The image is too dark.",
  },
  too_bright: {
    label: "Image too bright",
    meaning: "The image is too bright.",
  },
  low_frame_rate: {
    label: "Frame rate too low",
    meaning: "The camera delivers too few frames.",
  },
  no_chest: {
    label: "Chest not visible",
    meaning: "Too little of the chest is in the image.",
  },
  irregular: {
    label: "Irregular heart rhythm",
    meaning: "The rhythm of the heart has no single rate that deserves its confidence.",
  },
  face_changed: {
    label: "New face: measuring again",
    meaning:
      "The face was not visible for over 0.4 s, or is another one: the measurement starts again.",
  },
  frozen: {
    label: "Image frozen",
    meaning: "The camera repeats the same frame.",
  },
  camera_disconnected: {
    label: "Camera disconnected",
    meaning: "The camera is disconnected.",
  },
} as const satisfies Readonly<Record<string, WithheldRow>>;

export type Withheld = keyof typeof WITHHELD_TABLE;

/** The sentence of each reason. */
export const WITHHELD_REASONS = columnOf("meaning");
/** The label of each reason. */
export const WITHHELD_LABELS = columnOf("label");

function columnOf(column: keyof WithheldRow): Readonly<Record<Withheld, string>> {
  return Object.fromEntries(
    Object.entries(WITHHELD_TABLE).map(([reason, row]) => [reason, row[column]]),
  ) as Record<Withheld, string>;
}

import type { Shot } from "./seeded_clip.ts";

const FIRST = { pulse: 66, breathing: 14 } as const;
const SECOND = { face: "second", pulse: 96, breathing: 20 } as const;

/** The clips with which the accuracy is tested in every clone. */
export const CLIPS = {
  still: [{ seconds: 30, person: FIRST }],
  fast: [{ seconds: 35, person: { pulse: 150, breathing: 28 } }],
  /** The pulse rises at 20 s, the breathing rate at 30 s. */
  changing: [{ seconds: 50, person: { pulse: "66,90@20", breathing: "12,24@30" } }],
  motion: [{ seconds: 30, person: FIRST, swayPx: 6 }],
  low_light: [{ seconds: 25, person: FIRST, light: 0.2 }],
  dark: [{ seconds: 20, person: FIRST, light: 0.05 }],
  photograph: [{ seconds: 30, person: { pulse: 0, breathing: 0 }, swayPx: 1 }],
  empty: [{ seconds: 12 }],
  /** Skin with a pulse, but no face. */
  neck: [{ seconds: 12, person: { ...FIRST, place: "close" } }],
  leaves: [{ seconds: 20, person: FIRST }, { seconds: 8 }],
  other_place: [
    { seconds: 25, person: FIRST },
    { seconds: 16, person: { ...SECOND, place: "right" } },
  ],
  same_place: [{ seconds: 25, person: FIRST }, { seconds: 20, person: SECOND }],
  fibrillation: [{ seconds: 40, person: { ...FIRST, pulse: 80, rhythm: "fibrillation" } }],
  bigeminy: [{ seconds: 40, person: { ...FIRST, pulse: 72, rhythm: "bigeminy" } }],
  infrared: [{ seconds: 22, person: FIRST, spectrum: "infrared" }],
  infrared_photograph: [
    { seconds: 18, person: { pulse: 0, breathing: 0 }, swayPx: 1, spectrum: "infrared" },
  ],
  infrared_motion: [{ seconds: 18, person: FIRST, swayPx: 6, spectrum: "infrared" }],
  /** The infrared filter of a color camera moves away at 12 s, and back at 20 s. */
  dusk: [
    { seconds: 12, person: FIRST },
    { seconds: 8, person: FIRST, continues: true, spectrum: "infrared", hasNeutralChroma: true },
    { seconds: 12, person: FIRST, continues: true },
  ],
  held_breath: [{ seconds: 45, person: { ...FIRST, breathing: "14,0@25" } }],
} as const satisfies Readonly<Record<string, readonly Shot[]>>;

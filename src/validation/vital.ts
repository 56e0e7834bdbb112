/** The vital signs that `validate` compares with a reference. */
export const VITALS = ["pulse", "breathing"] as const;
export type Vital = typeof VITALS[number];

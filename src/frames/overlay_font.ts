/** Columns and rows of each glyph of the overlay's font. */
export const GLYPH_SIZE = { width: 5, height: 7 } as const;

/**
 * Rows of each glyph from top to bottom, one base-32 digit each, whose highest bit is the leftmost
 * dot: `e` is 01110, `h` is 10001, `v` is 11111.
 */
const ENCODED_GLYPHS: Readonly<Record<string, string>> = {
  A: "ehhvhhh",
  B: "uhhuhhu",
  C: "ehggghe",
  D: "uhhhhhu",
  E: "vgguggv",
  F: "vgguggg",
  G: "ehgnhhf",
  H: "hhhvhhh",
  I: "e44444e",
  J: "72222ic",
  K: "hikokih",
  L: "ggggggv",
  M: "hrllhhh",
  N: "hhpljhh",
  O: "ehhhhhe",
  P: "uhhuggg",
  Q: "ehhhlid",
  R: "uhhukih",
  S: "fgge11u",
  T: "v444444",
  U: "hhhhhhe",
  V: "hhhhha4",
  W: "hhhllla",
  X: "hha4ahh",
  Y: "hha4444",
  Z: "v1248gv",
  0: "ehjlphe",
  1: "4c4444e",
  2: "eh1248v",
  3: "v2421he",
  4: "26aiv22",
  5: "vgu11he",
  6: "68guhhe",
  7: "v124888",
  8: "ehhehhe",
  9: "ehhf12c",
  ".": "00000cc",
  ",": "0000c48",
  ":": "0cc0cc0",
  "-": "000v000",
  "+": "044v440",
  "%": "op248j3",
  "/": "01248g0",
  "(": "2488842",
  ")": "8422248",
  "?": "eh12404",
  " ": "0000000",
};

const GLYPHS: ReadonlyMap<string, readonly number[]> = new Map(
  Object.entries(ENCODED_GLYPHS).map(([character, rows]) => [
    character,
    [...rows].map((row) => parseInt(row, 32)),
  ]),
);
const UNKNOWN = GLYPHS.get("?") ?? [];

/**
 * Returns the rows of a character's glyph, one number each, whose highest bit is the leftmost dot.
 * Lower-case letters have the glyph of the upper-case letter, unknown characters that of `?`.
 */
export function glyphOf(character: string): readonly number[] {
  return GLYPHS.get(character.toUpperCase()) ?? UNKNOWN;
}

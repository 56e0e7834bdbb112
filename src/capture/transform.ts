/** How the picture is turned or mirrored before anybody sees it. */
export const INPUT_TRANSFORMS = [
  "none",
  "clockwise_90",
  "counterclockwise_90",
  "clockwise_180",
  "mirror_horizontal",
  "mirror_vertical",
] as const;

export type InputTransform = typeof INPUT_TRANSFORMS[number];

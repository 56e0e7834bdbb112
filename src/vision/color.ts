import type { ColorEncoding } from "../capture/frame.ts";

export interface Rgb {
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

/** Coefficients of V in red, U and V in green, and U in blue: ITU-R BT.601 and BT.709. */
const MATRICES = {
  bt601: { rv: 1.402, gu: 0.344136, gv: 0.714136, bu: 1.772 },
  bt709: { rv: 1.5748, gu: 0.187324, gv: 0.468124, bu: 1.8556 },
} as const;

/** Converts YUV to RGB in 0..255. Means can be converted too, because the conversion is linear. */
export function rgbOf(y: number, u: number, v: number, color: ColorEncoding): Rgb {
  const { rv, gu, gv, bu } = MATRICES[color.matrix];
  const limited = color.range === "limited";
  const luma = limited ? (y - 16) * 255 / 219 : y;
  const cu = (u - 128) * (limited ? 255 / 224 : 1);
  const cv = (v - 128) * (limited ? 255 / 224 : 1);
  return {
    r: clampByte(luma + rv * cv),
    g: clampByte(luma - gu * cu - gv * cv),
    b: clampByte(luma + bu * cu),
  };
}

function clampByte(value: number): number {
  return Math.min(255, Math.max(0, value));
}

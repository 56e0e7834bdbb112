import type { Placement } from "./scene.ts";

/** How the rows of one person move, for one plane; all arrays have one entry a row of the plane. */
export interface PostureRows {
  readonly firstRow: number;
  readonly lastRow: number;
  /** The columns that move: from `left` to before `right`. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Share of the chest's rise that the row follows: the shoulders all of it, the head a little. */
  readonly breath: Float32Array;
  /** Share of the sway that the row follows: the head all of it, the seat none. */
  readonly sway: Float32Array;
}

/** Half the portrait's outline around its middle, in shares of its height, from top to bottom. */
const OUTLINE = [
  { v: 0, middle: 0.44, half: 0.2 },
  { v: 0.5, middle: 0.44, half: 0.23 },
  { v: 0.54, middle: 0.44, half: 0.25 },
  { v: 0.62, middle: 0.44, half: 0.4 },
  { v: 0.72, middle: 0.44, half: 0.44 },
  { v: 1, middle: 0.43, half: 0.43 },
] as const;

/** The head follows the chest by this share. */
const HEAD_SHARE = 0.2;

/** Lays the outline of a person over the rows of a plane. */
export function postureRows(
  { left, top, height }: Placement,
  { plane, reach }: {
    plane: { readonly width: number; readonly height: number; readonly step: 1 | 2 };
    /** How far the person may sway, in pixels. */
    reach: number;
  },
): PostureRows {
  const { step } = plane;
  const rows: PostureRows = {
    firstRow: Math.max(0, Math.ceil(top / step)),
    lastRow: plane.height - 1,
    left: new Int32Array(plane.height),
    right: new Int32Array(plane.height),
    breath: new Float32Array(plane.height),
    sway: new Float32Array(plane.height),
  };
  for (let row = rows.firstRow; row < plane.height; row++) {
    const v = (row * step - top) / height;
    const { middle, half } = outlineAt(v);
    const room = half * height + reach;
    const from = Math.round((left + middle * height - room) / step);
    const to = Math.round((left + middle * height + room) / step);
    rows.left[row] = Math.min(plane.width, Math.max(0, from));
    rows.right[row] = Math.min(plane.width, Math.max(0, to));
    rows.breath[row] = HEAD_SHARE + (1 - HEAD_SHARE) * smoothStep((v - 0.53) / 0.17);
    rows.sway[row] = 1 - 0.7 * smoothStep((v - 0.4) / 0.6);
  }
  return rows;
}

function outlineAt(v: number): { middle: number; half: number } {
  const below = OUTLINE.findIndex((point) => point.v >= v);
  const [a, b] = [
    OUTLINE[Math.max(0, below - 1)]!,
    OUTLINE[below < 0 ? OUTLINE.length - 1 : below]!,
  ];
  const share = b.v > a.v ? (v - a.v) / (b.v - a.v) : 0;
  const middle = a.middle + share * (b.middle - a.middle);
  return { middle, half: a.half + share * (b.half - a.half) };
}

function smoothStep(x: number): number {
  const t = Math.min(1, Math.max(0, x));
  return t * t * (3 - 2 * t);
}

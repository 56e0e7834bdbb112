import type { Placement } from "./scene.ts";

/** How each row of one person moves, for one plane; every array has one entry per row. */
export interface PostureRows {
  readonly firstRow: number;
  readonly lastRow: number;
  /** Columns that move: from `left` up to, but not including, `right`. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Fraction of the chest's rise that the row follows: 1 at the shoulders, little at the head. */
  readonly breath: Float32Array;
  /** Fraction of the sway that the row follows: 1 at the head, less towards the seat. */
  readonly sway: Float32Array;
}

/** Outline of the portrait: its centre and half width by `v`, all as fractions of its height. */
const OUTLINE = [
  { v: 0, middle: 0.44, half: 0.2 },
  { v: 0.5, middle: 0.44, half: 0.23 },
  { v: 0.54, middle: 0.44, half: 0.25 },
  { v: 0.62, middle: 0.44, half: 0.4 },
  { v: 0.72, middle: 0.44, half: 0.44 },
  { v: 1, middle: 0.43, half: 0.43 },
] as const;

/** Fraction of the chest's rise that the head follows. */
const HEAD_BREATH = 0.2;

/** Computes how the rows of a plane move with a person. */
export function postureRows(
  { left, top, height }: Placement,
  { plane, maxSwayPx }: {
    plane: { readonly width: number; readonly height: number; readonly step: 1 | 2 };
    /** Largest sway of the person, in pixels. */
    maxSwayPx: number;
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
    const margin = half * height + maxSwayPx;
    const from = Math.round((left + middle * height - margin) / step);
    const to = Math.round((left + middle * height + margin) / step);
    rows.left[row] = Math.min(plane.width, Math.max(0, from));
    rows.right[row] = Math.min(plane.width, Math.max(0, to));
    rows.breath[row] = HEAD_BREATH + (1 - HEAD_BREATH) * smoothStep((v - 0.53) / 0.17);
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
  const t = b.v > a.v ? (v - a.v) / (b.v - a.v) : 0;
  const middle = a.middle + t * (b.middle - a.middle);
  return { middle, half: a.half + t * (b.half - a.half) };
}

function smoothStep(x: number): number {
  const t = Math.min(1, Math.max(0, x));
  return t * t * (3 - 2 * t);
}

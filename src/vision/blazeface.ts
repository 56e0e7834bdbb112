import type { Box, FaceLandmarks, Point } from "./region_sample.ts";

/** Side of the square picture that the detector sees, in pixels. */
export const INPUT_SIZE = 128;

/** One face as the detector sees it; places in shares of its square input. */
export interface Detection {
  /** 0..1. */
  readonly score: number;
  readonly box: Box;
  readonly landmarks: FaceLandmarks;
}

/** Grids of BlazeFace's front model: cells along a side, anchors in each cell. */
const GRIDS = [{ cells: 16, anchors: 2 }, { cells: 8, anchors: 6 }] as const;
/** Numbers that the model gives for each anchor: a box and six points. */
const VALUES = 16;
/** Overlap (intersection over union) from which two detections are of one face. */
const SAME_FACE_OVERLAP = 0.3;

/** Centres of the anchors, x and y by turns; all anchors have the size of the whole picture. */
const ANCHORS = Float32Array.from(
  GRIDS.flatMap(({ cells, anchors }) =>
    Array.from({ length: cells * cells * anchors }, (_, index) => {
      const cell = Math.floor(index / anchors);
      return [((cell % cells) + 0.5) / cells, (Math.floor(cell / cells) + 0.5) / cells];
    }).flat()
  ),
);

/** The model's raw answers for its grids, in their order. */
export interface RawAnswer {
  /** Logits, one an anchor. */
  readonly scores: Float32Array;
  /** 16 numbers an anchor, in pixels of the input, relative to the anchor. */
  readonly values: Float32Array;
}

/**
 * Turns the model's raw answers into faces, best first.
 *
 * Bazarevsky et al., BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs (2019):
 * 896 anchors of one size, and overlapping detections blended by their scores instead of
 * suppressed, which makes the box steadier in time.
 */
export function decodeFaces(answers: readonly RawAnswer[], threshold: number): Detection[] {
  const least = Math.log(threshold / (1 - threshold));
  const found: { score: number; values: number[] }[] = [];
  let anchor = 0;
  for (const { scores, values } of answers) {
    for (let index = 0; index < scores.length; index++, anchor++) {
      const logit = scores[index] ?? -Infinity;
      if (!(logit >= least)) continue;
      const score = 1 / (1 + Math.exp(-logit));
      found.push({ score, values: decodeAnchor(values, index * VALUES, anchor) });
    }
  }
  found.sort((a, b) => b.score - a.score);
  return blend(found);
}

/** Centre, size and points of one anchor's answer, in shares of the input. */
function decodeAnchor(raw: Float32Array, at: number, anchor: number): number[] {
  return Array.from({ length: VALUES }, (_, index) => {
    const value = (raw[at + index] ?? 0) / INPUT_SIZE;
    const isSize = index === 2 || index === 3;
    return isSize ? value : value + (ANCHORS[2 * anchor + (index % 2)] ?? 0);
  });
}

function blend(found: { score: number; values: number[] }[]): Detection[] {
  const faces: Detection[] = [];
  let rest = found;
  while (rest[0]) {
    const best = rest[0];
    const same = rest.filter(({ values }) => overlap(values, best.values) > SAME_FACE_OVERLAP);
    if (same.length === 0) same.push(best); // a box without area overlaps nothing
    const total = same.reduce((sum, { score }) => sum + score, 0);
    const mean = best.values.map((_, index) =>
      same.reduce((sum, { score, values }) => sum + score * (values[index] ?? 0), 0) / total
    );
    faces.push(toDetection(best.score, mean));
    rest = rest.filter((other) => !same.includes(other));
  }
  return faces;
}

function overlap(a: readonly number[], b: readonly number[]): number {
  const along = (axis: 0 | 1) => {
    const [centreA = 0, sizeA = 0, centreB = 0, sizeB = 0] = //
      [a[axis], a[axis + 2], b[axis], b[axis + 2]];
    return Math.max(
      0,
      Math.min(centreA + sizeA / 2, centreB + sizeB / 2) -
        Math.max(centreA - sizeA / 2, centreB - sizeB / 2),
    );
  };
  const common = along(0) * along(1);
  const area = ([, , width = 0, height = 0]: readonly number[]) => width * height;
  return common > 0 ? common / (area(a) + area(b) - common) : 0;
}

function toDetection(score: number, values: readonly number[]): Detection {
  const [x = 0, y = 0, width = 0, height = 0] = values;
  const point = (index: number): Point => ({
    x: values[4 + 2 * index] ?? 0,
    y: values[5 + 2 * index] ?? 0,
  });
  return {
    score,
    box: { x: x - width / 2, y: y - height / 2, width, height },
    landmarks: {
      rightEye: point(0),
      leftEye: point(1),
      nose: point(2),
      mouth: point(3),
      rightEar: point(4),
      leftEar: point(5),
    },
  };
}

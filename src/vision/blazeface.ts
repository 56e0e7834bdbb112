import type { Box, FaceLandmarks, Point } from "./region_sample.ts";

/** Side of the model's square input, in pixels. */
export const INPUT_SIZE = 128;

/** Detected face, with positions as fractions of the square input. */
export interface Detection {
  /** Probability of a face, 0..1. */
  readonly score: number;
  readonly box: Box;
  readonly landmarks: FaceLandmarks;
}

/** Grids of BlazeFace's front model: cells along a side, anchors in each cell. */
const GRIDS = [{ cells: 16, anchors: 2 }, { cells: 8, anchors: 6 }] as const;
/** Regression outputs per anchor: a box and six points. */
const VALUES = 16;
/** Intersection over union above which two detections belong to the same face. */
const SAME_FACE_IOU = 0.3;

/** Anchor centres as x, y pairs; every anchor has the size of the whole input. */
const ANCHORS = Float32Array.from(
  GRIDS.flatMap(({ cells, anchors }) =>
    Array.from({ length: cells * cells * anchors }, (_, index) => {
      const cell = Math.floor(index / anchors);
      return [((cell % cells) + 0.5) / cells, (Math.floor(cell / cells) + 0.5) / cells];
    }).flat()
  ),
);

/** Raw output of the model for one grid. */
export interface RawOutput {
  /** One logit per anchor. */
  readonly scores: Float32Array;
  /** 16 values per anchor, in pixels of the input, relative to the anchor. */
  readonly values: Float32Array;
}

/**
 * Decodes the raw outputs of the model to faces, in descending order of score.
 *
 * Bazarevsky et al., BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs (2019):
 * 896 anchors of one size; overlapping detections are averaged with their scores as weights instead
 * of suppressed, which reduces the jitter of the box.
 *
 * @param outputs one output per grid, in the order of the model.
 * @param threshold smallest score of a detection, 0..1.
 */
export function decodeFaces(outputs: readonly RawOutput[], threshold: number): Detection[] {
  const minLogit = Math.log(threshold / (1 - threshold));
  const found: { score: number; values: number[] }[] = [];
  let anchor = 0;
  for (const { scores, values } of outputs) {
    for (let index = 0; index < scores.length; index++, anchor++) {
      const logit = scores[index]!;
      if (!(logit >= minLogit)) continue;
      const score = 1 / (1 + Math.exp(-logit));
      found.push({ score, values: decodeAnchor(values, index * VALUES, anchor) });
    }
  }
  found.sort((a, b) => b.score - a.score);
  return blend(found);
}

/** Returns the centre, size and points for one anchor, as fractions of the input. */
function decodeAnchor(raw: Float32Array, at: number, anchor: number): number[] {
  return Array.from({ length: VALUES }, (_, index) => {
    const value = raw[at + index]! / INPUT_SIZE;
    const isSize = index === 2 || index === 3;
    return isSize ? value : value + ANCHORS[2 * anchor + (index % 2)]!;
  });
}

function blend(found: { score: number; values: number[] }[]): Detection[] {
  const faces: Detection[] = [];
  let rest = found;
  while (rest[0]) {
    const best = rest[0];
    const same = rest.filter(({ values }) =>
      intersectionOverUnion(values, best.values) > SAME_FACE_IOU
    );
    if (same.length === 0) same.push(best); // a box without area overlaps nothing, not even itself
    const total = same.reduce((sum, { score }) => sum + score, 0);
    const mean = best.values.map((_, index) =>
      same.reduce((sum, { score, values }) => sum + score * values[index]!, 0) / total
    );
    faces.push(toDetection(best.score, mean));
    rest = rest.filter((other) => !same.includes(other));
  }
  return faces;
}

function intersectionOverUnion(a: readonly number[], b: readonly number[]): number {
  const overlap = (axis: 0 | 1) => {
    const centreA = a[axis]!, centreB = b[axis]!;
    const halfA = a[axis + 2]! / 2, halfB = b[axis + 2]! / 2;
    return Math.max(
      0,
      Math.min(centreA + halfA, centreB + halfB) - Math.max(centreA - halfA, centreB - halfB),
    );
  };
  const intersection = overlap(0) * overlap(1);
  const area = (values: readonly number[]) => values[2]! * values[3]!;
  return intersection > 0 ? intersection / (area(a) + area(b) - intersection) : 0;
}

function toDetection(score: number, values: readonly number[]): Detection {
  const [x, y, width, height] = values as [number, number, number, number];
  const point = (index: number): Point => ({
    x: values[4 + 2 * index]!,
    y: values[5 + 2 * index]!,
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

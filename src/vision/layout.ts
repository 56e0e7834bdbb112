import type { PixelRectangle, Shape } from "../../ffi/regions.ts";
import {
  type FaceLandmarks,
  type FaceObservation,
  type Point,
  REGION_NAMES,
  type RegionName,
} from "./region_sample.ts";

/** Box and landmarks of a face, in pixels. */
export interface PixelFace {
  readonly box: PixelRectangle;
  readonly landmarks: FaceLandmarks;
}

/** Converts a face from fractions of the image to pixels. */
export function toPixels(
  { box, landmarks }: Pick<FaceObservation, "box" | "landmarks">,
  { width, height }: Size,
): PixelFace {
  const at = ({ x, y }: { x: number; y: number }) => ({ x: x * width, y: y * height });
  return {
    box: {
      x: box.x * width,
      y: box.y * height,
      width: box.width * width,
      height: box.height * height,
    },
    landmarks: {
      rightEye: at(landmarks.rightEye),
      leftEye: at(landmarks.leftEye),
      nose: at(landmarks.nose),
      mouth: at(landmarks.mouth),
      rightEar: at(landmarks.rightEar),
      leftEar: at(landmarks.leftEar),
    },
  };
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Width of a frontal face's box, in distances between the eyes. */
const BOX_PER_EYE_DISTANCE = 2.3;

/**
 * Coordinate system of a face: the origin between the eyes, `u` along the eye line to the person's
 * left, `v` down the face, both in units of the distance between the eyes (`unit`, in pixels).
 */
class FaceAxes {
  readonly origin: Point;
  readonly unit: number;
  readonly u: Point;
  readonly v: Point;

  constructor({ box, landmarks: { rightEye, leftEye, mouth } }: PixelFace) {
    this.origin = { x: (rightEye.x + leftEye.x) / 2, y: (rightEye.y + leftEye.y) / 2 };
    const along = { x: leftEye.x - rightEye.x, y: leftEye.y - rightEye.y };
    const distance = Math.max(Math.hypot(along.x, along.y), 1);
    this.u = { x: along.x / distance, y: along.y / distance };
    const down = { x: -this.u.y, y: this.u.x };
    const toMouth = { x: mouth.x - this.origin.x, y: mouth.y - this.origin.y };
    const sign = down.x * toMouth.x + down.y * toMouth.y < 0 ? -1 : 1;
    this.v = { x: sign * down.x, y: sign * down.y };
    // In a head that is turned aside, the eyes come closer while the head keeps its size.
    this.unit = Math.max(distance, 0.9 * box.width / BOX_PER_EYE_DISTANCE);
  }

  /** Converts a point from pixels to face coordinates. */
  toFace(point: Point): Point {
    const x = point.x - this.origin.x;
    const y = point.y - this.origin.y;
    return {
      x: (x * this.u.x + y * this.u.y) / this.unit,
      y: (x * this.v.x + y * this.v.y) / this.unit,
    };
  }

  /** Converts an upright rectangle or ellipse from face coordinates to pixels. */
  shape(edges: Edges): Pick<Shape, "centre" | "halfAxes"> {
    const { u, v, unit, origin } = this;
    const cu = (edges.left + edges.right) / 2 * unit;
    const cv = (edges.top + edges.bottom) / 2 * unit;
    const halfU = (edges.right - edges.left) / 2 * unit;
    const halfV = (edges.bottom - edges.top) / 2 * unit;
    return {
      centre: { x: origin.x + cu * u.x + cv * v.x, y: origin.y + cu * u.y + cv * v.y },
      halfAxes: [{ x: halfU * u.x, y: halfU * u.y }, { x: halfV * v.x, y: halfV * v.y }],
    };
  }
}

interface Edges {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Below the chin, which is 1.65 below the eyes; neck and shoulders move with the breath too. */
const CHEST: Edges = { left: -2.75, right: 2.75, top: 1.75, bottom: 4.6 };
/** Ellipse that follows the slope of the shoulders; its lower end is below the chest. */
const SHOULDERS: Edges = { left: -2.75, right: 2.75, top: 1.75, bottom: 6.6 };
const BELOW_CHEST: Edges = { left: -4, right: 4, top: 4.6, bottom: 8 };
const BODY: Edges = { left: -5, right: 5, top: 1.3, bottom: 20 };

/** Returns the shapes of all regions in pixels; those on the face are masked by skin colour. */
export function regionShapes(face: PixelFace, size: Size): Shape[] {
  const axes = new FaceAxes(face);
  const nose = axes.toFace(face.landmarks.nose);
  const mouth = axes.toFace(face.landmarks.mouth);
  const skin = { skin: true, followsMotion: true } as const;
  const core = { ...skin, skinReference: true } as const;
  const rectangle = (name: RegionName, edges: Edges, flags: Partial<Shape> = {}): Shape => ({
    kind: "rectangle",
    region: REGION_NAMES.indexOf(name),
    ...axes.shape(edges),
    ...flags,
  });
  const ellipse = (name: RegionName, edges: Edges, flags: Partial<Shape> = {}): Shape => ({
    ...rectangle(name, edges, flags),
    kind: "ellipse",
  });
  const around = (centre: Point, halfWidth: number, halfHeight: number): Edges => ({
    left: centre.x - halfWidth,
    right: centre.x + halfWidth,
    top: centre.y - halfHeight,
    bottom: centre.y + halfHeight,
  });
  // When the head turns, the middle of the face moves with the nose.
  const middle = Math.max(-0.4, Math.min(0.4, nose.x / 2));
  const subtract = { subtract: true } as const;
  return [
    rectangle("glabella", around({ x: middle / 2, y: -0.22 }, 0.22, 0.17), core),
    rectangle("forehead", around({ x: middle, y: -0.64 }, 0.6, 0.22), skin),
    rectangle("right_cheek", cheek(nose, mouth, axes.toFace(face.landmarks.rightEar)), core),
    rectangle("left_cheek", cheek(nose, mouth, axes.toFace(face.landmarks.leftEar)), core),
    ellipse("skin", around({ x: middle, y: 0.32 }, 1, 1.25), skin),
    rectangle("skin", around(axes.toFace(face.landmarks.rightEye), 0.33, 0.17), subtract),
    rectangle("skin", around(axes.toFace(face.landmarks.leftEye), 0.33, 0.17), subtract),
    rectangle("skin", around(mouth, 0.45, 0.2), subtract),
    wholeImage("background", size),
    ellipse("background", around({ x: 0, y: 0.2 }, 2, 2.4), subtract),
    rectangle("background", BODY, subtract),
    ...(chestRectangle(face, size)
      ? [ellipse("chest", SHOULDERS), rectangle("chest", BELOW_CHEST, subtract)]
      : []),
  ];
}

/** Returns the cheek: between nose and ear, above the mouth and below the eye. */
function cheek(nose: Point, mouth: Point, ear: Point): Edges {
  const side = Math.sign(ear.x) || 1;
  const width = Math.max(0.4, Math.min(1.4, Math.abs(ear.x - nose.x)));
  const inner = nose.x + side * 0.34 * width;
  const outer = nose.x + side * 0.82 * width;
  const depth = Math.max(0.7, Math.min(1.3, mouth.y));
  return {
    left: Math.min(inner, outer),
    right: Math.max(inner, outer),
    top: 0.3 * depth,
    bottom: 0.82 * depth,
  };
}

function wholeImage(name: RegionName, { width, height }: Size): Shape {
  return {
    kind: "rectangle",
    region: REGION_NAMES.indexOf(name),
    centre: { x: width / 2, y: height / 2 },
    halfAxes: [{ x: width, y: 0 }, { x: 0, y: height }],
  };
}

/** Smallest visible part of the chest in face widths: across, and down the body. Chosen. */
const MIN_CHEST = { across: 1, down: 0.2 } as const;

/** Returns the visible part of the chest, or undefined if it is too small to measure breathing. */
export function chestRectangle(face: PixelFace, size: Size): PixelRectangle | undefined {
  const axes = new FaceAxes(face);
  const visible = clip(boundsOf(axes.shape(CHEST)), size);
  const upright = Math.abs(axes.v.y) >= Math.abs(axes.v.x);
  const [across, down] = upright
    ? [visible.width, visible.height]
    : [visible.height, visible.width];
  const { width } = face.box;
  return across >= MIN_CHEST.across * width && down >= MIN_CHEST.down * width ? visible : undefined;
}

/** Returns the bridge of the nose, which moves with the head, but not with blinking or speech. */
export function noseRectangle(face: PixelFace, size: Size): PixelRectangle {
  const axes = new FaceAxes(face);
  const nose = axes.toFace(face.landmarks.nose);
  const edges = {
    left: nose.x / 2 - 0.38,
    right: nose.x / 2 + 0.38,
    top: 0.02,
    bottom: Math.max(0.35, nose.y + 0.12),
  };
  return clip(boundsOf(axes.shape(edges)), size);
}

function boundsOf(
  { centre, halfAxes: [a, b] }: Pick<Shape, "centre" | "halfAxes">,
): PixelRectangle {
  const halfWidth = Math.abs(a.x) + Math.abs(b.x);
  const halfHeight = Math.abs(a.y) + Math.abs(b.y);
  return {
    x: centre.x - halfWidth,
    y: centre.y - halfHeight,
    width: 2 * halfWidth,
    height: 2 * halfHeight,
  };
}

function clip({ x, y, width, height }: PixelRectangle, size: Size): PixelRectangle {
  const left = Math.min(size.width, Math.max(0, x));
  const top = Math.min(size.height, Math.max(0, y));
  return {
    x: left,
    y: top,
    width: Math.max(0, Math.min(size.width, x + width) - left),
    height: Math.max(0, Math.min(size.height, y + height) - top),
  };
}

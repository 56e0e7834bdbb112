import type { MonotonicUs } from "../base/time.ts";
/** Measured regions; all except `background` and `chest` lie on the face. */
export const REGION_NAMES = [
  "glabella",
  "forehead",
  "left_cheek",
  "right_cheek",
  "skin",
  "background",
  "chest",
] as const;

export type RegionName = typeof REGION_NAMES[number];

/** Rectangle as fractions of the image width and height: 0,0 is top left, 1,1 bottom right. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Position in the same unit as its context: fractions of the image, or pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Mean colour of a region in one frame. */
export interface RegionMean {
  /** Means of the camera's sRGB values, 0..255, not rounded. */
  readonly r: number;
  readonly g: number;
  readonly b: number;
  /** Number of pixels in the mean, after the skin mask. */
  readonly pixels: number;
  /** Fraction of the region's pixels that are clipped, 0..1. */
  readonly clipped: number;
}

/** BlazeFace key points; left and right from the person's point of view. */
export interface FaceLandmarks {
  readonly rightEye: Point;
  readonly leftEye: Point;
  readonly nose: Point;
  readonly mouth: Point;
  readonly rightEar: Point;
  readonly leftEar: Point;
}

/** The tracked face in one frame. */
export interface FaceObservation {
  /** Stabilized box, from which the regions are laid out. */
  readonly box: Box;
  readonly landmarks: FaceLandmarks;
  /** Score of the newest detection, 0..1. */
  readonly score: number;
  /** Microseconds since the newest detection of this face. */
  readonly ageUs: number;
  /** Speed of the face, in face widths per second. */
  readonly speed: number;
  /** Id of the track; a new person or a jump starts a new track. */
  readonly track: number;
}

/** Motion of a textured part of the body since the previous frame. */
export interface Displacement {
  /** Downward motion since the last sample, in image heights; the sum is a position. */
  readonly dy: number;
  /** Confidence of the motion, 0..1, from the texture and the agreement of the blocks. */
  readonly confidence: number;
}

/** All measurements of one frame. The vitals are computed from these alone, without the image. */
export interface RegionSample {
  readonly timeUs: MonotonicUs;
  readonly sequence: number;
  readonly regions: Readonly<Partial<Record<RegionName, RegionMean>>>;
  /** The measured face; absent if there is none. */
  readonly face?: FaceObservation;
  /** Number of confirmed faces in the newest detection. */
  readonly faceCount: number;
  /** Chest motion; absent if the chest is not visible. */
  readonly chest?: Displacement;
  /** Motion of the bridge of the nose, because the head moves slightly with each breath. */
  readonly nose?: Displacement;
  /** Mean luma of the whole image, 0..255. */
  readonly brightness: number;
  /** Fraction of the pixels of the whole image that are clipped, 0..1. */
  readonly clipped: number;
  /** Mean absolute luma difference from the previous frame, 0..255; of the face, if there is one. */
  readonly motion: number;
  /** The camera delivers grayscale images: red, green and blue are equal. */
  readonly isGrayscale?: boolean;
  /** Sample of the BVP from a neural network, if one is loaded. */
  readonly networkPulse?: number;
  /** Samples of precomputed BVP signals, in the validation of recordings without images. */
  readonly readySignals?: readonly number[];
}

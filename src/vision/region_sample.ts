/** The places that are measured; all but `background` and `chest` lie on the face. */
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

/** A rectangle in shares of the picture's width and height: 0,0 is top left, 1,1 bottom right. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The mean colour of a region in one frame. */
export interface RegionMean {
  /** Means in 0..255, sRGB as the camera gave it, with fractions. */
  readonly r: number;
  readonly g: number;
  readonly b: number;
  /** Pixels that were counted, after the skin gate. */
  readonly pixels: number;
  /** Share of the region's pixels at the end of the scale, 0..1. */
  readonly clipped: number;
}

/** BlazeFace's key points; left and right as the person has them. */
export interface FaceLandmarks {
  readonly rightEye: Point;
  readonly leftEye: Point;
  readonly nose: Point;
  readonly mouth: Point;
  readonly rightEar: Point;
  readonly leftEar: Point;
}

export interface FaceObservation {
  /** The steady box that regions hang on. */
  readonly box: Box;
  readonly landmarks: FaceLandmarks;
  /** The detector's score of the newest detection, 0..1. */
  readonly score: number;
  /** Microseconds since the detector last saw this face. */
  readonly ageUs: number;
  /** How fast the face moves, in widths of the face per second. */
  readonly speed: number;
  /** Counts the faces that were followed: a new person or a jump starts a new track. */
  readonly track: number;
}

/** Motion since the frame before, of a textured part of the body. */
export interface Displacement {
  /** Downward motion since the last sample, in heights of the picture; add up for a position. */
  readonly dy: number;
  /** How well the motion is determined, 0..1: texture and agreement of the blocks. */
  readonly confidence: number;
}

/** All that is measured on one frame; vitals see this and never a picture. */
export interface RegionSample {
  readonly timeUs: number;
  readonly sequence: number;
  readonly regions: Readonly<Partial<Record<RegionName, RegionMean>>>;
  /** The largest face, absent while none is seen. */
  readonly face?: FaceObservation;
  /** How many faces the newest detection found. */
  readonly faceCount: number;
  /** Chest motion; absent while the chest is out of the picture. */
  readonly chest?: Displacement;
  /** Motion of the bridge of the nose: the head moves a little with each breath. */
  readonly nose?: Displacement;
  /** Mean luma of the whole picture in 0..255. */
  readonly brightness: number;
  /** Share of the whole picture's pixels that are clipped, 0..1. */
  readonly clipped: number;
  /** Mean absolute luma difference to the frame before, on the face where there is one, in 0..255. */
  readonly motion: number;
  /** One sample of a learnt pulse wave, where a network is loaded. */
  readonly networkPulse?: number;
  /** Pulse waves that a recording under validation brings instead of pictures. */
  readonly readySignals?: readonly number[];
}

import { monotonicUs } from "../../src/base/time.ts";
import type { RegionSample } from "../../src/vision/region_sample.ts";

/** Properties that differ from those of `goodSample()`. */
export type SampleParts = Partial<RegionSample>;

/** A sample of a good image: a centred face that does not move, in good light, and the chest. */
export function goodSample(parts: SampleParts = {}): RegionSample {
  const skin = { r: 150, g: 110, b: 90, pixels: 4000, clipped: 0 };
  return {
    timeUs: monotonicUs(0),
    sequence: 0,
    regions: { skin, forehead: skin, left_cheek: skin, right_cheek: skin },
    face: goodFace(),
    faceCount: 1,
    chest: { dy: 0, confidence: 0.9 },
    nose: { dy: 0, confidence: 0.9 },
    brightness: 110,
    clipped: 0,
    motion: 2,
    ...parts,
  };
}

/** A face of medium size in the middle of the image. */
export function goodFace(
  parts: Partial<NonNullable<RegionSample["face"]>> = {},
): NonNullable<RegionSample["face"]> {
  const at = (x: number, y: number) => ({ x, y });
  return {
    box: { x: 0.4, y: 0.25, width: 0.2, height: 0.3 },
    landmarks: {
      rightEye: at(0.45, 0.35),
      leftEye: at(0.55, 0.35),
      nose: at(0.5, 0.4),
      mouth: at(0.5, 0.47),
      rightEar: at(0.41, 0.38),
      leftEar: at(0.59, 0.38),
    },
    score: 0.9,
    ageUs: 0,
    speed: 0.02,
    track: 1,
    ...parts,
  };
}

/** Samples of `seconds` seconds at `fps`, each with the properties that `at(seconds)` returns. */
export function samplesOf(
  seconds: number,
  { fps = 30, startUs = 1_000_000, at = () => ({}) }: {
    fps?: number;
    startUs?: number;
    at?: (timeS: number) => SampleParts;
  } = {},
): RegionSample[] {
  return Array.from({ length: Math.round(seconds * fps) }, (_, i) => {
    const timeS = i / fps;
    return goodSample({
      ...at(timeS),
      timeUs: monotonicUs(startUs + Math.round(timeS * 1e6)),
      sequence: i,
    });
  });
}

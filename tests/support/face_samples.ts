import { monotonicUs } from "../../src/base/time.ts";
import type { RegionMean, RegionName, RegionSample } from "../../src/vision/region_sample.ts";
import { Random } from "./random.ts";

/** Properties of a synthetic face; amplitudes are relative to the mean colour. */
export interface FaceOptions {
  readonly seconds?: number;
  readonly fps?: number;
  /** Pulse rate in beats/min at a time in seconds. */
  readonly pulse?: (seconds: number) => number;
  /** Relative amplitude of the pulse in green. */
  readonly amplitude?: number;
  /** Standard deviation of the noise of a region's mean, in grey levels. */
  readonly noise?: number;
  /** Relative amplitude and frequency of a lamp that lights background and skin. */
  readonly flicker?: { readonly amplitude: number; readonly hz: number };
  readonly seed?: number;
  readonly startUs?: number;
}

const COLORS: Readonly<Record<RegionName, readonly [number, number, number]>> = {
  glabella: [172, 122, 104],
  forehead: [180, 128, 110],
  left_cheek: [165, 112, 98],
  right_cheek: [168, 115, 99],
  skin: [170, 118, 102],
  background: [90, 95, 100],
  chest: [60, 70, 120],
};

export const STILL_FACE: NonNullable<RegionSample["face"]> = {
  box: { x: 0.35, y: 0.2, width: 0.3, height: 0.4 },
  landmarks: {
    rightEye: { x: 0.43, y: 0.35 },
    leftEye: { x: 0.57, y: 0.35 },
    nose: { x: 0.5, y: 0.43 },
    mouth: { x: 0.5, y: 0.51 },
    rightEar: { x: 0.37, y: 0.37 },
    leftEar: { x: 0.63, y: 0.37 },
  },
  score: 0.95,
  ageUs: 0,
  speed: 0.01,
  track: 1,
};

/** Samples of a face that does not move, frame by frame. */
export function* faceSamples(options: FaceOptions = {}): Generator<RegionSample> {
  const { seconds = 20, fps = 30, amplitude = 0.004, noise = 0.05, seed = 1, startUs = 0 } =
    options;
  const { pulse = () => 72, flicker } = options;
  const random = new Random(seed);
  let phase = 0;
  for (let frame = 0; frame < seconds * fps; frame++) {
    const t = frame / fps;
    phase += (2 * Math.PI * pulse(t)) / 60 / fps;
    // The second harmonic stands for the dicrotic wave of a real pulse.
    const bvp = amplitude * (Math.sin(phase) + 0.35 * Math.sin(2 * phase + 0.8));
    const lamp = flicker ? 1 + flicker.amplitude * Math.sin(2 * Math.PI * flicker.hz * t) : 1;
    const regions: Partial<Record<RegionName, RegionMean>> = {};
    for (const [name, [r, g, b]] of Object.entries(COLORS)) {
      const blood = name === "background" || name === "chest" ? 0 : bvp;
      regions[name as RegionName] = {
        r: r * lamp * (1 - 0.43 * blood) + noise * random.normal(),
        g: g * lamp * (1 - blood) + noise * random.normal(),
        b: b * lamp * (1 - 0.69 * blood) + noise * random.normal(),
        pixels: 2000,
        clipped: 0,
      };
    }
    yield {
      timeUs: monotonicUs(startUs + Math.round(t * 1e6)),
      sequence: frame,
      regions,
      face: STILL_FACE,
      faceCount: 1,
      brightness: 110,
      clipped: 0,
      motion: 1,
    };
  }
}

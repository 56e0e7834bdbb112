import { monotonicUs } from "../../src/base/time.ts";
import type { RegionSample } from "../../src/vision/region_sample.ts";
import type { VitalsEngine } from "../../src/vitals/estimate.ts";
import { faceSamples, STILL_FACE } from "./face_samples.ts";

/** A person whose vitals are recognizable. */
export interface Person {
  /** Mean pulse rate in beats/min, which breathing modulates by 3. */
  readonly pulse: number;
  readonly breathsPerMinute: number;
  /** Relative amplitude of the pulse in green. */
  readonly amplitude: number;
  /** Depth of a breath, in image heights. */
  readonly depth: number;
}

export const FIRST_PERSON: Person = {
  pulse: 66,
  breathsPerMinute: 12,
  amplitude: 0.006,
  depth: 0.006,
};
export const SECOND_PERSON: Person = {
  pulse: 92,
  breathsPerMinute: 20,
  amplitude: 0.003,
  depth: 0.003,
};

/** Samples of a person who sits still, frame by frame. */
export function* personSamples(
  { pulse, breathsPerMinute, amplitude, depth }: Person,
  { seconds, startUs, track }: { seconds: number; startUs: number; track: number },
): Generator<RegionSample> {
  const breath = (timeS: number) => Math.sin((2 * Math.PI * breathsPerMinute * timeS) / 60);
  const position = (timeS: number) => 0.5 * depth * breath(timeS);
  let before = 0;
  for (
    const sample of faceSamples({
      pulse: (timeS) => pulse + 3 * breath(timeS),
      amplitude,
      noise: 0.01,
      seed: track,
      seconds,
      startUs,
    })
  ) {
    const now = position((sample.timeUs - startUs) / 1e6);
    const dy = before - now;
    before = now;
    yield {
      ...sample,
      face: { ...STILL_FACE, track },
      chest: { dy, confidence: 0.9 },
      nose: { dy: dy / 4, confidence: 0.9 },
    };
  }
}

/** A change after which no value may depend on samples from before it. */
export interface PersonChange {
  readonly name: string;
  /** Time from the last sample before the change to the first one after it. */
  readonly gapUs: number;
  /** Track number after the change; it is 1 before. */
  readonly track: number;
  /** Applies the change to the engine, between both samples. */
  readonly apply?: (engine: VitalsEngine) => void;
}

const FRAME_US = 33_333;

/** All changes after which another person may be in front of the camera. */
export const PERSON_CHANGES: readonly PersonChange[] = [
  { name: "a new track", gapUs: FRAME_US, track: 2 },
  { name: "a reset", gapUs: FRAME_US, track: 1, apply: (engine) => engine.reset() },
  { name: "a gap of over 2 s", gapUs: 2_100_000, track: 1 },
  { name: "a gap of over 2 s and a new track", gapUs: 2_100_000, track: 2 },
  { name: "a clock that is set an hour ahead", gapUs: 3_600_000_000, track: 1 },
  {
    name: "a disconnected camera",
    gapUs: 5_000_000,
    track: 1,
    apply: (engine) => {
      engine.setDisconnected(true);
      engine.estimate(monotonicUs(CHANGE_US - 1_000_000));
      engine.setDisconnected(false);
    },
  },
];

/** Time of the first sample after the change. */
export const CHANGE_US = 4_000_000_000;

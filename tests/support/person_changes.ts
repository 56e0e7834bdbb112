import assert from "node:assert/strict";
import { monotonicUs } from "../../src/base/time.ts";
import type { RegionSample } from "../../src/vision/region_sample.ts";
import type { VitalsEngine, VitalsEstimate } from "../../src/vitals/estimate.ts";
import { Random } from "./random.ts";
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
  /** Standard deviation of the noise of the chest's position, in image heights. @default 0 */
  readonly chestNoise?: number;
}

export const FIRST_PERSON: Person = {
  pulse: 66,
  breathsPerMinute: 12,
  amplitude: 0.006,
  depth: 0.006,
};

const ANOTHER_PERSON: Person = {
  pulse: 92,
  breathsPerMinute: 20,
  amplitude: 0.003,
  depth: 0.003,
};

/** The people after a change. */
const NEXT_PEOPLE: Readonly<Record<string, Person>> = {
  "another person": ANOTHER_PERSON,
  // Their values agree with what is left of the first person, and would come too early.
  "a person with equal rates": FIRST_PERSON,
  // Their confidence depends on the signals beside that of the chest.
  "a person who breathes hardly visibly": {
    pulse: 80,
    breathsPerMinute: 17,
    amplitude: 0.005,
    depth: 0.002,
    chestNoise: 0.0008,
  },
};

/** Samples of a person who sits still, frame by frame. */
export function* personSamples(
  { pulse, breathsPerMinute, amplitude, depth, chestNoise = 0 }: Person,
  { seconds, startUs, track }: { seconds: number; startUs: number; track: number },
): Generator<RegionSample> {
  const breath = (timeS: number) => Math.sin((2 * Math.PI * breathsPerMinute * timeS) / 60);
  const random = new Random(track);
  const position = (timeS: number) =>
    0.5 * depth * breath(timeS) + (chestNoise && chestNoise * random.normal());
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
interface PersonChange {
  readonly name: string;
  /** Time from the last sample before the change to the first one after it. */
  readonly gapUs: number;
  /** Track number after the change; it is 1 before. */
  readonly track: number;
  /** Seconds without a face between both people. @default 0 */
  readonly emptyS?: number;
  /** Applies the change to the engine, between both samples. */
  readonly apply?: (engine: VitalsEngine) => void;
}

const FRAME_US = 33_333;

/** All changes after which another person may be in front of the camera. */
const PERSON_CHANGES: readonly PersonChange[] = [
  { name: "a new track", gapUs: FRAME_US, track: 2 },
  { name: "an empty chair and a new track", gapUs: FRAME_US, track: 2, emptyS: 1.5 },
  { name: "a new track after a lost second of frames", gapUs: 1_000_000, track: 2 },
  { name: "a reset", gapUs: FRAME_US, track: 1, apply: (engine) => engine.reset() },
  { name: "a reset and a new track", gapUs: FRAME_US, track: 2, apply: (engine) => engine.reset() },
  { name: "a gap of over 2 s", gapUs: 2_000_001, track: 1 },
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
const CHANGE_US = 4_000_000_000;
/** The change comes between two estimates, and some samples after the last one before it. */
const FIRST_S = 36.3, NEXT_S = 20;

/**
 * Every vital of an estimate by its name, such as `pulse.trace`; a new one is included by itself.
 * The rest of an estimate is about the image or the engine.
 */
function vitalsOf(estimate: VitalsEstimate): ReadonlyMap<string, unknown> {
  const { timeUs: _, frameCount: _count, condition: _condition, signal, ...vitals } = estimate;
  const named = Object.entries(vitals).flatMap(([name, value]): [string, unknown][] =>
    Array.isArray(value)
      ? [[name, value]]
      : Object.entries(value as object).map(([key, each]) => [`${name}.${key}`, each])
  );
  return new Map([...named, ["signal.snrDb", signal.snrDb]]);
}

/** The vitals that the engine must have measured before a change, for the suite to show anything. */
const EXPECTED_VITALS = [
  ...["strict", "rate", "trace", "hrv", "respirationQuotient"].map((key) => `pulse.${key}`),
  ...["strict", "rate", "upperTrace", "amplitude", "apnea", "respiratoryLineLength", "baseline"]
    .map((key) => `breathing.${key}`),
  "breathing.inhaleExhaleRatio",
  "phasicPressure",
  "eda",
  "signal.snrDb",
];

/** Pushes samples; returns the vitals at the first, and then at every fifteenth. */
function vitalsAt(
  engine: VitalsEngine,
  samples: Iterable<RegionSample>,
): ReadonlyMap<string, unknown>[] {
  return [...samples].flatMap((sample, k) => {
    engine.push(sample);
    return k % 15 === 0 ? [vitalsOf(engine.estimate())] : [];
  });
}

/** The names of the vitals that have a value. */
function measuredIn(estimates: readonly ReadonlyMap<string, unknown>[]): ReadonlySet<string> {
  const hasValue = (value: unknown) =>
    Array.isArray(value) ? value.length > 0 : value !== undefined;
  return new Set(
    estimates.flatMap((vitals) =>
      [...vitals].filter(([, value]) => hasValue(value)).map(([name]) => name)
    ),
  );
}

/** Measures the first person, and applies the change. */
function vitalsBefore(
  { gapUs, emptyS = 0, apply }: PersonChange,
  engine: VitalsEngine,
): ReadonlyMap<string, unknown>[] {
  const endUs = CHANGE_US - gapUs - emptyS * 1e6;
  const startUs = Math.round(endUs - (FIRST_S - 1 / 30) * 1e6);
  const first = { seconds: FIRST_S, startUs, track: 1 };
  const vitals = vitalsAt(engine, personSamples(FIRST_PERSON, first));
  for (const sample of emptySamples(emptyS)) engine.push(sample);
  apply?.(engine);
  return vitals;
}

/** Samples without a face, for the seconds before the change. */
function* emptySamples(seconds: number): Generator<RegionSample> {
  const startUs = CHANGE_US - Math.round(seconds * 1e6);
  for (
    const { face: _, chest: _chest, nose: _nose, ...sample } of faceSamples({ seconds, startUs })
  ) {
    yield { ...sample, regions: {}, faceCount: 0 };
  }
}

/**
 * Defines a test of each change of the person: nothing that an engine measured before it, and no
 * state from before it, is visible in any vital after it. An engine that saw only the next person
 * must have equal vitals.
 *
 * @param create creates an engine with all vitals enabled
 */
export function testPersonChanges(create: () => VitalsEngine): void {
  /** The vitals of an engine that saw only a person, which cannot have anything from before. */
  const fresh = new Map<string, readonly ReadonlyMap<string, unknown>[]>();
  for (const change of PERSON_CHANGES) {
    for (const [who, person] of Object.entries(NEXT_PEOPLE)) {
      Deno.test(`VitalsEngine has no vital from before ${change.name}, of ${who}`, async (t) => {
        const engine = create();
        const before = vitalsBefore(change, engine);
        const next = { seconds: NEXT_S, startUs: CHANGE_US, track: change.track };
        const after = vitalsAt(engine, personSamples(person, next));
        const key = `${who}, track ${next.track}`;
        const expected = fresh.get(key) ?? vitalsAt(create(), personSamples(person, next));
        fresh.set(key, expected);
        const measured = measuredIn(before);
        for (const vital of EXPECTED_VITALS) {
          assert.ok(measured.has(vital), `${vital}: not measured`);
        }
        for (const vital of new Set([...measured, ...measuredIn(after)])) {
          await t.step(vital, () => {
            // The frames of the last three seconds count for the reasons, as for the frame rate.
            const from = vital.endsWith(".withheld") ? 7 : 0;
            for (const [k, vitals] of [...after.entries()].slice(from)) {
              const alone = expected[k]!.get(vital);
              assert.deepEqual(vitals.get(vital), alone, `${vital} after ${k / 2} s`);
            }
          });
        }
      });
    }
  }

  Deno.test("VitalsEngine has equal vitals if samples with times that step back are ignored", () => {
    const run = (steppingBack: boolean) => {
      const engine = create();
      const person = { seconds: 20, startUs: CHANGE_US, track: 1 };
      return [...personSamples(FIRST_PERSON, person)].flatMap((sample, k) => {
        engine.push(sample);
        if (steppingBack && k > 0 && k % 100 === 0) {
          // Another person with the times of the last second, and of an hour ago.
          for (const backUs of [1_000_000, 3_600_000_000]) {
            const old = { seconds: 1, startUs: sample.timeUs - backUs, track: 2 };
            for (const each of personSamples(ANOTHER_PERSON, old)) engine.push(each);
          }
        }
        return k % 15 === 0 ? [vitalsOf(engine.estimate())] : [];
      });
    };
    assert.deepEqual(run(true), run(false));
  });
}

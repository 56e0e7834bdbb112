import { monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { REGION_NAMES, type RegionSample } from "../../../src/vision/region_sample.ts";
import { STILL_FACE } from "../../support/face_samples.ts";

const level = fc.oneof(
  { weight: 5, arbitrary: fc.double({ min: 0, max: 255, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 255, NaN) },
);
const region = fc.record({
  r: level,
  g: level,
  b: level,
  pixels: fc.nat(5000),
  clipped: fc.double({ min: 0, max: 1, noNaN: true }),
});
/** Time step in microseconds: mostly a frame interval, rarely a gap, zero or a step backwards. */
const stepUs = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 5_000, max: 70_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -100_000, max: 20_000_000 }) },
);
const frame = fc.record({
  stepUs,
  regions: fc.dictionary(fc.constantFrom(...REGION_NAMES), region),
  track: fc.oneof({ weight: 40, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(3) }),
  face: fc.oneof({ weight: 20, arbitrary: fc.constant(true) }, {
    weight: 1,
    arbitrary: fc.constant(false),
  }),
  dy: fc.double({ min: -0.1, max: 0.1, noNaN: true }),
  networkPulse: fc.option(fc.double({ min: -1, max: 1, noNaN: true }), { nil: undefined }),
});

Deno.test("VitalsEngine publishes either a strict value or a reason, and only finite values, for any input", () => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 50, maxLength: 400, size: "max" }), (frames) => {
      const engine = createVitalsEngine({ phasicPressure: true, eda: true });
      let timeUs = 1e9;
      let traceUs = -Infinity;
      frames.forEach(({ stepUs, regions, track, face, dy, networkPulse }, sequence) => {
        timeUs += stepUs;
        const sample: RegionSample = {
          timeUs: monotonicUs(timeUs),
          sequence,
          regions,
          ...(face ? { face: { ...STILL_FACE, track } } : {}),
          faceCount: face ? 1 : 0,
          chest: { dy, confidence: 0.8 },
          nose: { dy: 0, confidence: 0.8 },
          brightness: 110,
          clipped: 0,
          motion: 1,
          ...(networkPulse === undefined ? {} : { networkPulse }),
        };
        engine.push(sample);
        if (sequence % 6) return;
        const { pulse, breathing } = engine.estimate();
        for (const { strict, withheld } of [pulse, breathing]) {
          assert.notEqual(strict === undefined, withheld === undefined);
          if (strict) assert.ok(Number.isFinite(strict.value) && strict.confidence >= 0.7);
        }
        if (pulse.strict) assert.ok(pulse.strict.value >= 39.9 && pulse.strict.value <= 180.1);
        for (const { value, confidence } of [...pulse.rate, ...breathing.rate]) {
          assert.ok(Number.isFinite(value) && confidence >= 0 && confidence <= 1);
        }
        for (const { timeUs, value } of pulse.trace) {
          assert.ok(Number.isFinite(value) && timeUs > traceUs, `${timeUs} ${value}`);
          traceUs = timeUs;
        }
      });
    }),
    { numRuns: 25 },
  );
});

import { monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import type { VitalsEstimate } from "../../../src/vitals/estimate.ts";
import type { RegionSample } from "../../../src/vision/region_sample.ts";
import { faceSamples } from "../../support/face_samples.ts";

/** Returns the estimates at intervals of 0.2 s. */
function estimates(samples: Iterable<RegionSample>): VitalsEstimate[] {
  const engine = createVitalsEngine();
  const all: VitalsEstimate[] = [];
  let nextUs = -Infinity;
  for (const sample of samples) {
    engine.push(sample);
    if (sample.timeUs < nextUs) continue;
    nextUs = sample.timeUs + 200_000;
    all.push(engine.estimate());
  }
  return all;
}

for (const rate of [48, 72, 110, 160]) {
  Deno.test(`VitalsEngine measures a pulse of ${rate} beats/min within 1 from 12 s on`, () => {
    const late = estimates(faceSamples({ pulse: () => rate, seconds: 25 }))
      .filter(({ timeUs }) => timeUs >= 12e6);
    for (const { pulse } of late) {
      assert.ok(pulse.strict && Math.abs(pulse.strict.value - rate) < 1, JSON.stringify(pulse));
    }
  });
}

Deno.test("VitalsEngine has its first pulse rate between 5 s and 8 s", () => {
  const first = estimates(faceSamples()).find(({ pulse }) => pulse.strict);
  assert.ok(first && first.timeUs >= 4.9e6 && first.timeUs < 8e6, `${first?.timeUs}`);
});

Deno.test("VitalsEngine has either a strict value or the reason why it is withheld", () => {
  for (const { pulse, breathing } of estimates(faceSamples({ noise: 1 }))) {
    assert.notEqual(pulse.strict === undefined, pulse.withheld === undefined);
    assert.notEqual(breathing.strict === undefined, breathing.withheld === undefined);
  }
});

Deno.test("VitalsEngine withholds the pulse if a lamp flickers at 1.2 Hz", () => {
  const seen = estimates(
    faceSamples({ amplitude: 0, flicker: { amplitude: 0.01, hz: 1.2 }, seconds: 40 }),
  );
  assert.equal(seen.filter(({ pulse }) => pulse.strict).length, 0);
  assert.ok(seen.some(({ pulse }) => pulse.withheld === "flicker"));
});

Deno.test("VitalsEngine withholds the pulse as no_face without a face", () => {
  const samples = [...faceSamples({ seconds: 15 })].map(({ face: _, ...sample }) => ({
    ...sample,
    regions: {},
    faceCount: 0,
  }));
  const seen = estimates(samples);
  assert.ok(seen.every(({ pulse }) => pulse.strict === undefined));
  assert.equal(seen.at(-1)?.pulse.withheld, "no_face");
});

Deno.test("VitalsEngine returns each sample of the trace once, in order", () => {
  const times = estimates(faceSamples({ seconds: 15 })).flatMap(({ pulse }) =>
    pulse.trace.map(({ timeUs }) => timeUs)
  );
  assert.ok(times.length > 350);
  assert.ok(times.every((time, k) => k === 0 || time > times[k - 1]!));
});

Deno.test("VitalsEngine warms up again for a new person", () => {
  const engine = createVitalsEngine();
  for (const sample of faceSamples({ seconds: 15 })) engine.push(sample);
  assert.ok(engine.estimate().pulse.strict);
  for (const sample of faceSamples({ seconds: 1, startUs: 15_000_000 })) {
    engine.push({ ...sample, face: { ...sample.face!, track: 2 } });
  }
  assert.equal(engine.estimate().pulse.withheld, "warming_up");
});

Deno.test("VitalsEngine withholds values if the camera delivers no frames", () => {
  const engine = createVitalsEngine();
  for (const sample of faceSamples({ seconds: 15 })) engine.push(sample);
  assert.equal(engine.estimate(monotonicUs(18_000_000)).pulse.withheld, "camera_disconnected");
  engine.setDisconnected(true);
  assert.equal(engine.estimate().condition, "CAMERA_DISCONNECTED");
});

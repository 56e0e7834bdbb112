import { monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { loadConfidenceModel } from "../../../src/vitals/pulse/confidence.ts";
import type { VitalsEstimate } from "../../../src/vitals/estimate.ts";
import type { RegionSample } from "../../../src/vision/region_sample.ts";
import { faceSamples } from "../../support/face_samples.ts";
import { FIRST_PERSON, personSamples, testPersonChanges } from "../../support/person_changes.ts";
import { goodFace, samplesOf } from "../../support/samples.ts";

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

Deno.test("VitalsEngine finds a face without a pulse after 15 s, if nothing explains it", () => {
  const firstS = (samples: Iterable<RegionSample>) => {
    const first = estimates(samples).find(({ isFaceWithoutPulse }) => isFaceWithoutPulse);
    return first && first.timeUs / 1e6;
  };
  const photograph = firstS(faceSamples({ amplitude: 0, noise: 1, seconds: 30 }));
  // The first five seconds are explained by warming up.
  assert.ok(photograph! >= 19.5 && photograph! < 26, `${photograph}`);
  assert.equal(firstS(faceSamples({ seconds: 40 })), undefined);
  const flicker = { amplitude: 0.01, hz: 1.2 };
  assert.equal(firstS(faceSamples({ amplitude: 0, flicker, seconds: 40 })), undefined);
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
  assert.equal(engine.estimate().pulse.withheld, "face_changed");
});

Deno.test("VitalsEngine withholds values if the camera delivers no frames", () => {
  const engine = createVitalsEngine();
  for (const sample of faceSamples({ seconds: 15 })) engine.push(sample);
  assert.equal(engine.estimate(monotonicUs(18_000_000)).pulse.withheld, "camera_disconnected");
  engine.setDisconnected(true);
  assert.equal(engine.estimate().condition, "CAMERA_DISCONNECTED");
});

const OPTIONS = { phasicPressure: true, eda: true };

testPersonChanges(() => createVitalsEngine(OPTIONS));

Deno.test("VitalsEngine.reset() discards the last window of the pulse at once", () => {
  const engine = createVitalsEngine();
  for (const sample of faceSamples({ seconds: 8 })) engine.push(sample);
  const before = engine.estimate();
  assert.ok(before.pulse.strict && before.signal.snrDb !== undefined);
  engine.reset();
  const { pulse, signal } = engine.estimate();
  assert.equal(pulse.withheld, "warming_up");
  assert.deepEqual(pulse.rate, []);
  assert.equal(signal.snrDb, undefined);
});

Deno.test("VitalsEngine keeps the state over a gap of two seconds", () => {
  const breathingAfter = (gapUs: number) => {
    const engine = createVitalsEngine(OPTIONS);
    const person = { seconds: 15, startUs: 0, track: 1 };
    let lastUs = 0;
    for (const sample of personSamples(FIRST_PERSON, person)) {
      engine.push(sample);
      lastUs = sample.timeUs;
    }
    engine.estimate();
    const startUs = lastUs + gapUs;
    for (const sample of personSamples(FIRST_PERSON, { seconds: 0.1, startUs, track: 1 })) {
      engine.push(sample);
    }
    return engine.estimate().breathing.upperTrace[0]?.value;
  };
  assert.notEqual(breathingAfter(2_000_000), 0);
  assert.equal(breathingAfter(2_000_001), 0);
});

Deno.test("VitalsEngine ignores a sample that is not newer than the one before", () => {
  const engine = createVitalsEngine();
  const [first, second] = samplesOf(1);
  engine.push(second!);
  const { frameCount, timeUs } = engine.estimate();
  for (const sample of [first!, second!]) engine.push({ ...sample, face: goodFace({ track: 2 }) });
  const estimate = engine.estimate();
  assert.deepEqual([estimate.frameCount, estimate.timeUs], [frameCount, timeUs]);
});

Deno.test("VitalsEngine shows values for 1.5 s after the newest frame", () => {
  const engine = createVitalsEngine();
  // At 60 frames per second, the frame rate of the last two seconds stays sufficient.
  const samples = [...faceSamples({ seconds: 15, fps: 60 })];
  for (const sample of samples) engine.push(sample);
  const pulseAfter = (us: number) =>
    engine.estimate(monotonicUs(samples.at(-1)!.timeUs + us)).pulse;
  assert.ok(pulseAfter(0).strict);
  assert.ok(pulseAfter(1_500_000).strict);
  assert.equal(pulseAfter(1_500_001).strict, undefined);
  assert.equal(pulseAfter(1_500_001).withheld, "camera_disconnected");
});

Deno.test("VitalsEngine withholds all values as no_face from the first frame without a face", () => {
  const engine = createVitalsEngine();
  const samples = [...faceSamples({ seconds: 17 })];
  const lastFaceUs = 15_000_000;
  const withheld = samples.flatMap((sample) => {
    const { face, ...rest } = sample;
    engine.push(sample.timeUs <= lastFaceUs ? { ...rest, face: face! } : rest);
    const { pulse, breathing } = engine.estimate();
    if (pulse.withheld !== "no_face") return [];
    assert.equal(breathing.withheld, "no_face");
    return [sample.timeUs];
  });
  assert.equal(withheld[0], samples.find(({ timeUs }) => timeUs > lastFaceUs)!.timeUs);
});

Deno.test("VitalsEngine withholds all values as frozen while frames repeat, and starts anew", () => {
  const engine = createVitalsEngine();
  const samples = [...faceSamples({ seconds: 25 })];
  const last = samples.findLast(({ timeUs }) => timeUs <= 15_000_000)!;
  const reasons = new Map<number, string | undefined>();
  for (const sample of samples) {
    const repeats = sample.timeUs > last.timeUs && sample.timeUs <= 18_000_000;
    engine.push(
      repeats ? { ...last, motion: 0, timeUs: sample.timeUs, sequence: sample.sequence } : sample,
    );
    const { pulse, breathing, condition } = engine.estimate();
    reasons.set(Math.round(sample.timeUs / 1e5), pulse.withheld);
    if (pulse.withheld !== "frozen") continue;
    assert.equal(breathing.withheld, "frozen");
    assert.equal(condition, "PICTURE_FROZEN");
  }
  assert.equal(reasons.get(150), undefined);
  assert.equal(reasons.get(153), undefined);
  for (let time = 156; time <= 179; time++) assert.equal(reasons.get(time), "frozen");
  for (let time = 181; time <= 229; time++) assert.equal(reasons.get(time), "warming_up");
  assert.equal(reasons.get(240), undefined);
});

Deno.test("VitalsEngine counts the people, and explains the start for another one for 2 s", () => {
  const engine = createVitalsEngine();
  const seen = [1, 2].flatMap((track) =>
    [...personSamples(FIRST_PERSON, {
      seconds: 8,
      startUs: 8_000_000 * (track - 1),
      track,
    })].map((sample) => {
      engine.push(sample);
      const { subject, pulse, breathing } = engine.estimate();
      assert.equal(subject, track);
      return { timeS: sample.timeUs / 1e6, reasons: [pulse.withheld, breathing.withheld] };
    })
  );
  const at = (timeS: number) => seen.find((entry) => entry.timeS >= timeS)!.reasons;
  assert.deepEqual(at(1), ["warming_up", "warming_up"]);
  assert.deepEqual(at(7), [undefined, "warming_up"]);
  assert.equal(at(8)[0], "face_changed");
  assert.deepEqual(at(9.9), ["face_changed", "face_changed"]);
  assert.deepEqual(at(10.1), ["warming_up", "warming_up"]);
});

Deno.test("VitalsEngine has no subject before the first face", () => {
  const engine = createVitalsEngine();
  const [sample] = faceSamples({ seconds: 1 });
  const { face: _, ...empty } = sample!;
  engine.push(empty);
  assert.equal(engine.estimate().subject, undefined);
});

Deno.test("VitalsEngine counts the frames of the last three seconds", () => {
  const engine = createVitalsEngine();
  for (const sample of samplesOf(5, { fps: 30 })) engine.push(sample);
  const slow = samplesOf(4, { fps: 15, startUs: 6_000_000 });
  const fps = slow.map((sample) => {
    engine.push(sample);
    return engine.estimate().signal.fps;
  });
  assert.ok(Math.abs(fps[0]! - 30) < 0.5, `${fps[0]}`);
  assert.ok(fps[15 * 2.8]! > 15.3, `${fps[15 * 2.8]}`);
  assert.ok(Math.abs(fps[15 * 3 + 1]! - 15) < 0.1, `${fps[15 * 3 + 1]}`);
});

for (
  const [name, parts, expected] of [
    ["a dark image", { luma: 0.15 }, "too_dark"],
    ["an overexposed image", { clipped: 0.5 }, "too_bright"],
    ["a moving face", { speed: 0.6 }, "motion"],
  ] as const
) {
  Deno.test(`VitalsEngine explains a pulse of low quality by ${name}`, () => {
    const engine = createVitalsEngine();
    const { luma = 1, clipped = 0, speed = 0.01 } = parts as {
      luma?: number;
      clipped?: number;
      speed?: number;
    };
    for (const sample of faceSamples({ amplitude: 0, noise: 1, seconds: 12 })) {
      const regions = Object.fromEntries(
        Object.entries(sample.regions).map(([region, { r, g, b, pixels }]) => [
          region,
          { r: luma * r, g: luma * g, b: luma * b, pixels, clipped },
        ]),
      );
      engine.push({ ...sample, regions, face: { ...sample.face!, speed } });
    }
    assert.equal(engine.estimate().pulse.withheld, expected);
  });
}

Deno.test("VitalsEngine counts its frames, and has the brightness and clipping of the newest", () => {
  const engine = createVitalsEngine();
  const empty = engine.estimate();
  assert.deepEqual([empty.frameCount, empty.timeUs, empty.condition], [
    0,
    0,
    "PROCESSING_NOT_STARTED",
  ]);
  assert.equal(empty.pulse.withheld, "warming_up");
  assert.deepEqual(empty.signal, { brightness: 0, saturatedFraction: 0, fps: 0 });
  assert.equal(engine.estimate(monotonicUs(7)).timeUs, 7);
  const [first, second] = samplesOf(1, {
    startUs: 5_000_000,
    at: (s) => ({ brightness: 90 + 300 * s, clipped: 0.1 + s }),
  });
  engine.push(first!);
  assert.equal(engine.estimate().signal.fps, 0);
  engine.push(second!);
  const { frameCount, timeUs, signal } = engine.estimate(monotonicUs(5_040_000));
  assert.deepEqual([frameCount, timeUs], [2, 5_033_333]);
  assert.ok(
    Math.abs(signal.brightness - 100) < 1e-9 &&
      Math.abs(signal.saturatedFraction - 0.1 - 1 / 30) < 1e-9,
  );
  assert.ok(Math.abs(signal.fps - 30) < 0.01);
});

Deno.test("VitalsEngine counts the time since the newest frame beyond 1.5 s as one without frames", () => {
  const engine = createVitalsEngine();
  for (const sample of samplesOf(10, { startUs: 0 })) engine.push(sample);
  const lastUs = Math.round((299 / 30) * 1e6);
  const fpsAfter = (us: number) => engine.estimate(monotonicUs(lastUs + us)).signal.fps;
  assert.ok(Math.abs(fpsAfter(0) - 30) < 0.1);
  assert.ok(Math.abs(fpsAfter(1_500_000) - 30) < 0.1);
  // Of 3 + 1 seconds, three had frames.
  assert.ok(Math.abs(fpsAfter(2_500_000) - 22.5) < 0.1, `${fpsAfter(2_500_000)}`);
});

Deno.test("VitalsEngine withholds as camera_disconnected while the source reports it, whatever else holds", () => {
  const engine = createVitalsEngine();
  engine.setDisconnected(true);
  assert.equal(engine.estimate().pulse.withheld, "camera_disconnected");
  for (const sample of faceSamples({ seconds: 8 })) engine.push(sample);
  const { pulse, breathing, condition } = engine.estimate();
  assert.deepEqual([pulse.withheld, breathing.withheld], [
    "camera_disconnected",
    "camera_disconnected",
  ]);
  assert.equal(condition, "CAMERA_DISCONNECTED");
  engine.setDisconnected(false);
  assert.ok(engine.estimate().pulse.strict);
});

Deno.test("VitalsEngine tunes the camera again after it was disconnected, and only then", () => {
  const engine = createVitalsEngine();
  const samples = samplesOf(6);
  const conditionsOf = (part: typeof samples) =>
    part.map((sample) => {
      engine.push(sample);
      return engine.estimate().condition;
    });
  conditionsOf(samples.slice(0, 90));
  engine.setDisconnected(false);
  assert.ok(conditionsOf(samples.slice(90, 120)).every((condition) => condition === "OK"));
  engine.setDisconnected(true);
  engine.setDisconnected(false);
  const after = conditionsOf(samples.slice(120));
  const tuning = after.filter((condition) => condition === "CAMERA_TUNING").length;
  assert.ok(tuning >= 29 && tuning <= 31, `${tuning}`);
});

Deno.test("VitalsEngine withholds as low_frame_rate under ten frames per second", () => {
  const withheldAt = (fps: number) => {
    const engine = createVitalsEngine();
    for (const sample of faceSamples({ seconds: 8, fps })) engine.push(sample);
    return engine.estimate().pulse.withheld;
  };
  assert.equal(withheldAt(9), "low_frame_rate");
  assert.notEqual(withheldAt(11), "low_frame_rate");
});

Deno.test("VitalsEngine needs a confidence of 0.9 for a pulse at twice the published breathing rate", () => {
  // The chest breathes at half of the pulse rate.
  const withheldAt = (breathsPerMinute: number) => {
    const { weights, ranges } = loadConfidenceModel();
    const none = Object.fromEntries(
      Object.keys(weights).map((name) => [name, 0]),
    ) as typeof weights;
    const model = { intercept: Math.log(0.8 / 0.2), weights: none, ranges };
    const engine = createVitalsEngine({ pulse: { model } });
    let withheld;
    for (const [k, sample] of [...faceSamples({ seconds: 25, pulse: () => 60 })].entries()) {
      const phase = (2 * Math.PI * breathsPerMinute * sample.timeUs) / 60e6;
      const dy = -0.004 * Math.cos(phase) * (2 * Math.PI * breathsPerMinute) / 60 / 30;
      engine.push({ ...sample, chest: { dy, confidence: 0.9 } });
      if (k % 15 === 0) ({ pulse: { withheld } } = engine.estimate());
    }
    return withheld;
  };
  assert.equal(withheldAt(30), "motion");
  assert.equal(withheldAt(24), undefined);
});

/** Samples of a person whose camera delivers color until `fromS`, then grayscale until `toS`. */
function* duskSamples({ fromS, toS, seconds }: { fromS: number; toS: number; seconds: number }) {
  const person = { ...FIRST_PERSON, breathsPerMinute: 15 };
  for (const sample of personSamples(person, { seconds, startUs: 0, track: 1 })) {
    const timeS = sample.timeUs / 1e6;
    const isGrayscale = timeS >= fromS && timeS < toS;
    const regions = Object.fromEntries(
      Object.entries(sample.regions).map(([name, region]) => {
        const { r, g, b } = region;
        const luma = 0.299 * r + 0.587 * g + 0.114 * b;
        return [name, isGrayscale ? { ...region, r: luma, g: luma, b: luma } : region];
      }),
    );
    yield { ...sample, regions, isGrayscale };
  }
}

Deno.test("VitalsEngine publishes breathing but nothing of a pulse from grayscale images", () => {
  const seen = estimates(duskSamples({ fromS: 0, toS: 40, seconds: 40 }));
  for (const { pulse, isGrayscale, isFaceWithoutPulse } of seen) {
    const { rate, trace, strict, beats, hrv, withheld } = pulse;
    assert.deepEqual({ rate, trace, strict, beats, hrv, withheld }, {
      rate: [],
      trace: [],
      strict: undefined,
      beats: undefined,
      hrv: undefined,
      withheld: "low_quality",
    });
    assert.equal(isGrayscale, true);
    assert.equal(isFaceWithoutPulse, undefined);
  }
  const { breathing } = seen.at(-1)!;
  assert.ok(Math.abs(breathing.strict!.value - 15) < 1, JSON.stringify(breathing.strict));
});

Deno.test("VitalsEngine measures the pulse anew after grayscale images, and breathing throughout", () => {
  const seen = estimates(duskSamples({ fromS: 30, toS: 45, seconds: 60 }));
  const during = (fromS: number, toS: number) =>
    seen.filter(({ timeUs }) => timeUs >= fromS * 1e6 && timeUs < toS * 1e6);
  assert.ok(during(8, 30).every(({ pulse }) => pulse.strict));
  assert.ok(during(30, 45).every(({ pulse }) => pulse.withheld === "low_quality"));
  assert.ok(during(45, 49.8).every(({ pulse }) => pulse.withheld === "warming_up"));
  assert.ok(during(53, 60).every(({ pulse }) => Math.abs(pulse.strict!.value - 66) < 3));
  for (const { breathing, timeUs } of during(25, 60)) {
    assert.ok(Math.abs(breathing.strict!.value - 15) < 1, `${timeUs / 1e6} s`);
  }
});

Deno.test("VitalsEngine explains grayscale images by their condition, if that is a problem", () => {
  const dark = { r: 14, g: 14, b: 14, pixels: 4000, clipped: 0 };
  const samples = samplesOf(4, {
    at: () => ({ isGrayscale: true, brightness: 14, regions: { skin: dark } }),
  });
  // The samples differ, so that they are not frozen.
  const seen = estimates(samples.map((sample, k) => ({ ...sample, motion: 1 + (k % 2) })));
  assert.equal(seen.at(-1)!.condition, "IMAGE_TOO_DARK");
  assert.equal(seen.at(-1)!.pulse.withheld, "too_dark");
});

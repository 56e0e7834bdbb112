import { monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { DerivedVitals } from "../../../src/vitals/derived.ts";
import type {
  BreathingEstimate,
  PulseEstimate,
  VitalsOptions,
} from "../../../src/vitals/estimate.ts";
import type { BvpWindow } from "../../../src/vitals/estimate_context.ts";
import { goodFace, samplesOf } from "../../support/samples.ts";

const RATE = 72;
/** Skin whose green channel has a pulse of this relative amplitude. */
function skinAt(amplitude: number) {
  return (timeS: number) => {
    const g = 110 * (1 - amplitude * Math.sin((2 * Math.PI * RATE * timeS) / 60));
    return { regions: { skin: { r: 150, g, b: 90, pixels: 4000, clipped: 0 } } };
  };
}

const NO_BREATHS: BreathingEstimate = {
  rate: [],
  upperTrace: [],
  amplitude: [],
  apnea: [],
  respiratoryLineLength: [],
  baseline: [],
  inhaleExhaleRatio: [],
};

/** Returns five estimates a second of a confident pulse and breathing of 40 s. */
function estimatesOf(options: VitalsOptions, { pulse = true, breathing = true } = {}) {
  const derived = new DerivedVitals(options);
  const pulseEstimate: PulseEstimate = {
    ...(pulse
      ? { strict: { value: 72, confidence: 0.95, windowS: 10 } }
      : { withheld: "low_quality" }),
    rate: [],
    trace: [],
    respirationQuotient: [],
  };
  const breathingEstimate: BreathingEstimate = {
    ...NO_BREATHS,
    ...(breathing
      ? { strict: { value: 16, confidence: 0.9, windowS: 20 } }
      : { withheld: "low_quality" }),
  };
  const bvpWindow: BvpWindow = {
    bvp: new Float64Array(300),
    startUs: 0,
    sampleRateHz: 30,
    rate: RATE,
    confidence: 0.95,
    snrDb: 10,
  };
  return samplesOf(40, { at: skinAt(0.01) }).flatMap((sample, k) => {
    derived.push(sample);
    if (k % 6) return [];
    return [
      derived.estimate({ nowUs: sample.timeUs, fps: 30, bvpWindow }, {
        pulse: pulseEstimate,
        breathing: breathingEstimate,
      }),
    ];
  });
}

Deno.test("DerivedVitals reports beats per breath once a second, if both rates have a value", () => {
  const quotients = estimatesOf({}).flatMap(({ respirationQuotient }) => respirationQuotient);
  assert.ok(quotients.length >= 38 && quotients.length <= 40, `${quotients.length}`);
  assert.ok(quotients.every(({ value }) => value === 4.5));
  for (const missing of [{ pulse: false }, { breathing: false }]) {
    assert.ok(estimatesOf({}, missing).every((e) => e.respirationQuotient.length === 0));
  }
});

Deno.test("DerivedVitals has the phasic trace and the EDA proxy only if enabled and with a pulse", () => {
  assert.ok(estimatesOf({}).every((e) => !("phasicPressure" in e) && !("eda" in e)));
  const enabled = estimatesOf({ phasicPressure: true, eda: true });
  assert.ok(enabled.flatMap((e) => e.phasicPressure ?? []).length > 15);
  assert.ok(enabled.flatMap((e) => e.eda ?? []).length > 5);
  const withheld = estimatesOf({ phasicPressure: true, eda: true }, { pulse: false });
  assert.equal(withheld.flatMap((e) => [...e.phasicPressure ?? [], ...e.eda ?? []]).length, 0);
});

Deno.test("DerivedVitals has each beat once, also of an irregular heart, but of no other withheld pulse", () => {
  const beatsOf = (pulse: Pick<PulseEstimate, "strict" | "withheld">) => {
    const derived = new DerivedVitals();
    const window = (startS: number): BvpWindow => ({
      bvp: Float64Array.from({ length: 300 }, (_, k) => Math.sin(2 * Math.PI * (startS + k / 30))),
      startUs: startS * 1e6,
      sampleRateHz: 30,
      rate: 60,
      confidence: 0.8,
      snrDb: 10,
    });
    return [0.5, 0.5, 2.5].map((startS) =>
      derived.estimate(
        { nowUs: monotonicUs((startS + 10) * 1e6), fps: 30, bvpWindow: window(startS) },
        {
          pulse: { ...pulse, rate: [], trace: [], respirationQuotient: [] },
          breathing: NO_BREATHS,
        },
      ).beats?.map(({ timeUs, intervalMs, confidence }) => {
        assert.equal(confidence, 0.8);
        return [Math.round(timeUs / 1e5) / 10, intervalMs && Math.round(intervalMs / 50) * 50];
      })
    );
  };
  const expected = [
    [2, 3, 4, 5, 6, 7, 8, 9].map((second) => [second, second === 2 ? undefined : 1000]),
    undefined,
    [[10, 1000], [11, 1000]],
  ];
  assert.deepEqual(beatsOf({ strict: { value: 60, confidence: 0.8, windowS: 10 } }), expected);
  assert.deepEqual(beatsOf({ withheld: "irregular" }), expected);
  assert.deepEqual(beatsOf({ withheld: "low_quality" }), [undefined, undefined, undefined]);
});

Deno.test("DerivedVitals has no variability of another person or from before a reset", () => {
  const pulse: PulseEstimate = {
    strict: { value: RATE, confidence: 0.99, windowS: 10 },
    rate: [],
    trace: [],
    respirationQuotient: [],
  };
  const estimates = { pulse, breathing: NO_BREATHS };
  const [sample] = samplesOf(1);
  const changes: readonly ((derived: DerivedVitals) => void)[] = [
    (derived) => derived.push({ ...sample!, face: goodFace({ track: 2 }) }),
    (derived) => derived.reset(),
  ];
  for (const change of changes) {
    const derived = new DerivedVitals();
    derived.push(sample!);
    for (let end = 10; end <= 45; end++) {
      const bvpWindow: BvpWindow = {
        bvp: Float64Array.from(
          { length: 300 },
          (_, k) => Math.sin((2 * Math.PI * RATE * (end - 10 + k / 30)) / 60),
        ),
        startUs: 1 + (end - 10) * 1e6,
        sampleRateHz: 30,
        rate: RATE,
        confidence: 0.99,
        snrDb: 15,
      };
      derived.estimate({ nowUs: monotonicUs(end * 1e6), fps: 30, bvpWindow }, estimates);
    }
    const context = { nowUs: monotonicUs(46e6), fps: 30 };
    assert.ok(derived.estimate(context, estimates).hrv, "no variability before");
    change(derived);
    assert.equal(derived.estimate(context, estimates).hrv, undefined);
  }
});

Deno.test("DerivedVitals reports the quotient once per second", () => {
  const derived = new DerivedVitals();
  const strict = { value: 72, confidence: 0.9, windowS: 10 };
  const estimates = {
    pulse: { strict, rate: [], trace: [], respirationQuotient: [] },
    breathing: { ...NO_BREATHS, strict: { value: 16, confidence: 0.9, windowS: 20 } },
  };
  const countAt = (us: number) =>
    derived.estimate({ nowUs: monotonicUs(us), fps: 30 }, estimates).respirationQuotient.length;
  assert.deepEqual([0, 999_999, 1_000_000, 1_999_999, 2_000_000].map(countAt), [1, 0, 1, 0, 1]);
});

/** The estimates of a pulse and of breathing of these rates, withheld if there is none. */
function ratesOf({ pulse, breaths }: { pulse?: number; breaths?: number }) {
  return {
    pulse: {
      ...(pulse === undefined
        ? { withheld: "low_quality" as const }
        : { strict: { value: pulse, confidence: 0.95, windowS: 10 } }),
      rate: [],
      trace: [],
      respirationQuotient: [],
    },
    breathing: {
      ...NO_BREATHS,
      ...(breaths === undefined
        ? { withheld: "low_quality" as const }
        : { strict: { value: breaths, confidence: 0.9, windowS: 20 } }),
    },
  };
}

/** A window of a pulse of one beat per second that ends at this time. */
function beatsUntil(endS: number): BvpWindow {
  return {
    bvp: Float64Array.from({ length: 301 }, (_, k) => Math.sin(2 * Math.PI * (endS - 10 + k / 30))),
    startUs: 1_000_000 + (endS - 10) * 1e6,
    sampleRateHz: 30,
    rate: 60,
    confidence: 0.99,
    snrDb: 15,
  };
}

Deno.test("DerivedVitals.push() keeps the skin if the phasic trace or the EDA proxy is enabled", () => {
  for (const options of [{ phasicPressure: true }, { eda: true }]) {
    const all = estimatesOf(options);
    const keys = Object.keys(options);
    assert.deepEqual(["phasicPressure", "eda"].filter((key) => key in all[0]!), keys);
    const [key] = keys as ["phasicPressure" | "eda"];
    assert.ok(all.flatMap((estimate) => estimate[key] ?? []).length > 5);
  }
});

Deno.test("DerivedVitals reads the skin once per second", () => {
  const all = estimatesOf({ eda: true });
  // Five estimates a second.
  const times = all.flatMap((estimate) => estimate.eda!.map(({ timeUs }) => timeUs));
  const steps = times.slice(1).map((timeUs, k) => timeUs - times[k]!);
  assert.ok(times.length > 10 && steps.every((us) => Math.abs(us - 1_000_000) < 2), `${steps}`);
});

Deno.test("DerivedVitals has the variability of confident windows only, while the pulse has a value", () => {
  const hrvAfter = (isConfident: (endS: number) => boolean, fps = 30) => {
    const derived = new DerivedVitals();
    let hrv;
    for (let endS = 10; endS <= 50; endS++) {
      const rates = ratesOf(isConfident(endS) ? { pulse: 60 } : {});
      const context = { nowUs: monotonicUs(1e6 + endS * 1e6), fps, bvpWindow: beatsUntil(endS) };
      ({ hrv } = derived.estimate(context, rates));
    }
    return hrv;
  };
  assert.ok(Math.abs(hrvAfter(() => true)!.meanNn - 1000) < 5);
  assert.equal(hrvAfter((endS) => endS < 50), undefined);
  assert.equal(hrvAfter((endS) => endS > 30), undefined);
  assert.equal(hrvAfter(() => true, 20), undefined);
});

Deno.test("DerivedVitals divides beats by breaths, and needs both rates", () => {
  const derived = new DerivedVitals();
  const quotientAt = (seconds: number, rates: { pulse?: number; breaths?: number }) =>
    derived.estimate({ nowUs: monotonicUs(seconds * 1e6), fps: 30 }, ratesOf(rates))
      .respirationQuotient;
  assert.deepEqual(quotientAt(1, { pulse: 60 }), []);
  assert.deepEqual(quotientAt(1.1, { breaths: 15 }), []);
  assert.deepEqual(quotientAt(1.2, { pulse: 60, breaths: 15 }), [{ timeUs: 1_200_000, value: 4 }]);
  assert.deepEqual(quotientAt(2.1, { pulse: 60, breaths: 15 }), []);
  assert.deepEqual(quotientAt(2.3, { pulse: 75, breaths: 10 }), [{
    timeUs: 2_300_000,
    value: 7.5,
  }]);
});

Deno.test("DerivedVitals.reset() lets the quotient be reported again at once", () => {
  const derived = new DerivedVitals();
  const count = () =>
    derived.estimate({ nowUs: monotonicUs(5e6), fps: 30 }, ratesOf({ pulse: 60, breaths: 15 }))
      .respirationQuotient.length;
  assert.deepEqual([count(), count()], [1, 0]);
  derived.reset();
  assert.equal(count(), 1);
});

/**
 * The accuracy of vision and vitals on seeded clips, which every clone can render. The limits are
 * what is measured today with a margin of about a tenth. A constant whose comment says "bad" is a
 * limit that should become smaller.
 */
import assert from "node:assert/strict";
import { lazy } from "../../../src/base/lazy.ts";
import { accuracyOf, published, type Rate } from "../../support/clip_accuracy.ts";
import { measureClip, type MeasuredClip } from "../../support/seeded_clip.ts";
import { CLIPS } from "../../support/seeded_clips.ts";

/** Each clip is rendered and measured once, by the first test that uses it. */
const MEASURED = Object.fromEntries(
  Object.entries(CLIPS).map(([name, shots]) => [name, lazy(() => measureClip(shots, { seed: 1 }))]),
) as Readonly<Record<keyof typeof CLIPS, () => Promise<MeasuredClip>>>;

/** Seconds from which a rate is expected in every estimate. */
const SETTLED_S: Readonly<Record<Rate, number>> = { pulse: 6, breathing: 14.5 };
const MIN_COVERAGE = 0.95;
/** Per minute: a pulse varies from beat to beat, so that its error is larger. */
const MEAN_ERROR: Readonly<Record<Rate, number>> = { pulse: 0.4, breathing: 0.12 };
const LARGEST_ERROR: Readonly<Record<Rate, number>> = { pulse: 0.85, breathing: 0.25 };

for (
  const [name, rates] of [
    ["still", ["pulse", "breathing"]],
    ["fast", ["pulse", "breathing"]],
    ["motion", ["pulse"]],
    ["low_light", ["pulse", "breathing"]],
  ] as const
) {
  for (const rate of rates) {
    Deno.test(`VitalsEngine measures the ${rate} of the clip ${name}`, async () => {
      const accuracy = accuracyOf(await MEASURED[name](), rate, { fromS: SETTLED_S[rate] });
      const { coverage, meanError, largestError } = accuracy;
      assert.ok(coverage >= MIN_COVERAGE, JSON.stringify(accuracy));
      assert.ok(meanError <= MEAN_ERROR[rate], JSON.stringify(accuracy));
      assert.ok(largestError <= LARGEST_ERROR[rate], JSON.stringify(accuracy));
    });
  }
}

Deno.test("VitalsEngine has a pulse after 5.7 s and a breathing rate after 14.3 s", async () => {
  const clip = await MEASURED.still();
  const [pulse, breathing] = [accuracyOf(clip, "pulse"), accuracyOf(clip, "breathing")];
  assert.ok(pulse.firstS <= 5.7, `${pulse.firstS} s`);
  assert.ok(breathing.firstS <= 14.3, `${breathing.firstS} s`);
});

Deno.test("VitalsEngine measures the heart rate variability of the clip fast within 4.5 ms", async () => {
  const { estimates, shots: [shot] } = await MEASURED.fast();
  const intervals = shot!.beatsS.slice(1).map((beatS, k) => 1000 * (beatS - shot!.beatsS[k]!));
  const mean = intervals.reduce((sum, nn) => sum + nn, 0) / intervals.length;
  const squares = intervals.slice(1).map((nn, k) => (nn - intervals[k]!) ** 2);
  const rmssd = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
  const measured = estimates.flatMap(({ estimate }) => estimate.pulse.hrv ?? []);
  assert.ok(measured.length > 0, "no variability");
  for (const hrv of measured) {
    assert.ok(Math.abs(hrv.rmssd - rmssd) <= 4.5, `RMSSD ${hrv.rmssd} instead of ${rmssd}`);
    assert.ok(Math.abs(hrv.meanNn - mean) <= 1, `mean NN ${hrv.meanNn} instead of ${mean}`);
  }
});

/** Seconds from a step of the rate to the last value that is wrong: 2.2, and 4.8 today, bad. */
const STEP_LAG_S: Readonly<Record<Rate, number>> = { pulse: 2.5, breathing: 5.3 };

for (
  const [rate, { atS, to }] of [
    ["pulse", { atS: 20, to: 90 }],
    ["breathing", { atS: 30, to: 24 }],
  ] as const
) {
  Deno.test(`VitalsEngine follows a step of the ${rate} within ${STEP_LAG_S[rate]} s`, async () => {
    const accuracy = accuracyOf(await MEASURED.changing(), rate, { fromS: atS, truth: to });
    assert.ok(accuracy.lastWrongS - atS <= STEP_LAG_S[rate], JSON.stringify(accuracy));
    const late = accuracyOf(await MEASURED.changing(), rate, { fromS: atS + 15, truth: to });
    assert.ok(late.coverage >= MIN_COVERAGE, JSON.stringify(late));
  });
}

Deno.test("VitalsEngine withholds the breathing of the clip motion as motion", async () => {
  const clip = await MEASURED.motion();
  assert.deepEqual(published(clip, "breathing"), []);
  assert.equal(clip.estimates.at(-1)!.estimate.breathing.withheld, "motion");
});

for (
  const [name, reasons] of [
    ["photograph", { pulse: "low_quality", breathing: "motion" }],
    ["empty", { pulse: "no_face", breathing: "no_face" }],
    ["neck", { pulse: "no_face", breathing: "no_face" }],
  ] as const
) {
  Deno.test(`VitalsEngine publishes no vital of the clip ${name}`, async () => {
    const clip = await MEASURED[name]();
    for (const { atS, estimate: { pulse, breathing } } of clip.estimates) {
      assert.equal(pulse.strict ?? pulse.hrv, undefined, `after ${atS} s`);
      assert.equal(breathing.strict, undefined, `after ${atS} s`);
      assert.ok(!breathing.apnea.some(({ detected }) => detected), `after ${atS} s`);
      assert.deepEqual(pulse.respirationQuotient, [], `after ${atS} s`);
    }
    const { pulse, breathing } = clip.estimates.at(-1)!.estimate;
    assert.deepEqual({ pulse: pulse.withheld, breathing: breathing.withheld }, reasons);
  });
}

for (const name of ["empty", "neck"] as const) {
  Deno.test(`VitalsEngine assesses the clip ${name} as NO_FACES_FOUND`, async () => {
    const { estimates } = await MEASURED[name]();
    const late = estimates.filter(({ atS }) => atS >= 1.5);
    assert.ok(late.every(({ estimate }) => estimate.condition === "NO_FACES_FOUND"));
  });
}

Deno.test("VitalsEngine withholds the pulse of the clip dark as too_dark, or has the right one", async () => {
  const clip = await MEASURED.dark();
  const { coverage, largestError, wrongFraction } = accuracyOf(clip, "pulse");
  assert.equal(wrongFraction, 0);
  assert.ok(largestError <= 1.5, `${largestError}`); // 0.7 today, at a coverage of 0.59
  assert.ok(coverage < 0.8, "the reason for the rest is tested below");
  assert.equal(clip.estimates.at(-1)!.estimate.condition, "IMAGE_TOO_DARK");
  const withheld = clip.estimates.findLast(({ estimate }) => estimate.pulse.withheld);
  assert.equal(withheld!.estimate.pulse.withheld, "too_dark");
});

/** Seconds for which the rates of a person stay published after a cut. */
const STALE_S = 0.5;

for (const name of ["leaves", "other_place", "same_place"] as const) {
  for (const rate of ["pulse", "breathing"] as const) {
    Deno.test(`VitalsEngine publishes the ${rate} before the cut of ${name} for ${STALE_S} s`, async () => {
      const clip = await MEASURED[name]();
      const before = accuracyOf(clip, rate, { fromS: SETTLED_S[rate] });
      assert.ok(before.coverage >= MIN_COVERAGE, JSON.stringify(before));
      const after = accuracyOf(clip, rate, { shot: 1 });
      assert.ok(after.lastWrongS <= STALE_S, JSON.stringify(after));
    });
  }
}

for (const name of ["other_place", "same_place"] as const) {
  for (const rate of ["pulse", "breathing"] as const) {
    Deno.test(`VitalsEngine measures the ${rate} after the cut of ${name}`, async () => {
      const clip = await MEASURED[name]();
      const accuracy = accuracyOf(clip, rate, { shot: 1, fromS: 12 });
      assert.ok(accuracy.coverage >= MIN_COVERAGE, JSON.stringify(accuracy));
      assert.equal(accuracy.wrongFraction, 0, JSON.stringify(accuracy));
    });
  }
}

/**
 * Values of irregular hearts: the fraction that is wrong, and the largest error in beats/min: 0.23
 * and 5.7 today for the fibrillation, whose few beats are regular by chance in the first seconds, and
 * 0 and 2.7 for the bigeminy.
 */
const IRREGULAR = {
  fibrillation: { wrongFraction: 0.26, largestError: 6.5 },
  bigeminy: { wrongFraction: 0.01, largestError: 3 },
} as const;

for (const name of ["fibrillation", "bigeminy"] as const) {
  Deno.test(`VitalsEngine publishes wrong pulse rates of the clip ${name} within limits`, async () => {
    const clip = await MEASURED[name]();
    const { wrongFraction, largestError } = accuracyOf(clip, "pulse");
    const figures = `${wrongFraction} wrong, by up to ${largestError}`;
    assert.ok(wrongFraction <= IRREGULAR[name].wrongFraction, figures);
    assert.ok(largestError <= IRREGULAR[name].largestError, figures);
  });

  Deno.test(`VitalsEngine publishes no heart rate variability of the clip ${name}`, async () => {
    const { estimates } = await MEASURED[name]();
    assert.ok(estimates.every(({ estimate }) => !estimate.pulse.hrv));
  });
}

Deno.test("VitalsEngine publishes no pulse of the clip fibrillation with a confidence of 0.9", async () => {
  const { estimates } = await MEASURED.fibrillation();
  const confidences = estimates.flatMap(({ estimate }) => estimate.pulse.strict?.confidence ?? []);
  assert.ok(confidences.length > 0 && confidences.every((value) => value < 0.9), `${confidences}`);
  assert.ok(estimates.some(({ estimate }) => estimate.pulse.withheld === "irregular"));
});

for (const name of ["infrared", "infrared_photograph", "infrared_motion"] as const) {
  Deno.test(`VitalsEngine publishes nothing of a pulse from the clip ${name}`, async () => {
    const { estimates } = await MEASURED[name]();
    for (const { atS, estimate: { pulse, isGrayscale } } of estimates) {
      assert.equal(isGrayscale, true, `after ${atS} s`);
      assert.deepEqual([pulse.strict, pulse.beats, pulse.hrv], [undefined, undefined, undefined]);
      assert.deepEqual([pulse.rate, pulse.trace], [[], []]);
    }
  });
}

Deno.test("VitalsEngine measures the breathing of the clip infrared, and finds its face", async () => {
  const clip = await MEASURED.infrared();
  const accuracy = accuracyOf(clip, "breathing", { fromS: SETTLED_S.breathing });
  assert.ok(accuracy.coverage >= MIN_COVERAGE, JSON.stringify(accuracy));
  assert.ok(accuracy.largestError <= LARGEST_ERROR.breathing, JSON.stringify(accuracy));
  const { condition, pulse } = clip.estimates.at(-1)!.estimate;
  assert.deepEqual([condition, pulse.withheld], ["OK", "low_quality"]);
});

for (const name of ["infrared_photograph", "infrared_motion"] as const) {
  Deno.test(`VitalsEngine publishes no breathing of the clip ${name}`, async () => {
    assert.deepEqual(published(await MEASURED[name](), "breathing"), []);
  });
}

Deno.test("VitalsEngine takes no clip in color for a grayscale one, however dark", async () => {
  for (const name of ["still", "motion", "low_light", "dark", "photograph", "empty"] as const) {
    const { estimates } = await MEASURED[name]();
    assert.ok(estimates.every(({ estimate }) => !estimate.isGrayscale), name);
  }
});

/** Seconds from a change between color and grayscale until it is known: 1 today. */
const GRAYSCALE_LAG_S = 1.2;

Deno.test("VitalsEngine follows the camera of the clip dusk to grayscale and back", async () => {
  const clip = await MEASURED.dusk();
  const [first, second, third] = [0, 1, 2].map((shot) => accuracyOf(clip, "pulse", { shot }));
  for (const { wrongFraction, coverage } of [first!, third!]) {
    assert.equal(wrongFraction, 0);
    assert.ok(coverage > 0.4, `${coverage}`);
  }
  assert.ok(Number.isNaN(second!.wrongFraction) || second!.wrongFraction === 0);
  for (const { atS, estimate: { isGrayscale = false } } of clip.estimates) {
    if (atS > 12 + GRAYSCALE_LAG_S && atS < 20) assert.equal(isGrayscale, true, `after ${atS} s`);
    if (atS < 12 || atS > 20 + GRAYSCALE_LAG_S) assert.equal(isGrayscale, false, `after ${atS} s`);
  }
  const pulses = published(clip, "pulse").map(({ atS }) => atS);
  assert.ok(pulses.every((atS) => atS < 12 + GRAYSCALE_LAG_S || atS > 25), `${pulses}`);
  for (const shot of [0, 1, 2]) {
    const { largestError } = accuracyOf(clip, "breathing", { shot });
    assert.ok(largestError <= 1, `shot ${shot}: ${largestError}`);
  }
});

/** Seconds from the last breath to the end of the rate, and to the apnea: 1.8 and 9 today. */
const HELD_BREATH_S = { rate: 2.1, apnea: 9.9 };

Deno.test("VitalsEngine detects an apnea while the breath is held, and only then", async () => {
  const clip = await MEASURED.held_breath();
  const heldS = 25;
  const { lastWrongS } = accuracyOf(clip, "breathing", { fromS: heldS, truth: 0 });
  assert.ok(lastWrongS - heldS <= HELD_BREATH_S.rate, `a rate until ${lastWrongS} s`);
  const detected = clip.estimates.flatMap(({ atS, estimate }) =>
    estimate.breathing.apnea.some((apnea) => apnea.detected) ? [atS] : []
  );
  assert.ok(detected.every((atS) => atS > heldS), `${detected}`);
  assert.ok(detected[0]! - heldS <= HELD_BREATH_S.apnea, `${detected[0]} s`);
  assert.ok(detected.at(-1)! > 43, `${detected.at(-1)} s`);
});

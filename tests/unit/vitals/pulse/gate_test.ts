import assert from "node:assert/strict";
import type { ConfidenceFeatures } from "../../../../src/vitals/pulse/confidence.ts";
import type { PulseCandidate } from "../../../../src/vitals/pulse/fusion.ts";
import {
  clampRate,
  gate,
  type GateContext,
  isIncoherent,
} from "../../../../src/vitals/pulse/gate.ts";
import {
  FAST_BAND,
  type RateBand,
  SLOW_BAND,
  USUAL_BAND,
} from "../../../../src/vitals/pulse/rate_band.ts";
import { colorOf, pulseWindow } from "../../../support/pulse_window.ts";

const FEATURES: ConfidenceFeatures = {
  snrDb: 10,
  marginDb: 10,
  agreement: 1,
  prominenceDb: 10,
  coherence: 0.9,
  hasCoherence: 1,
  isSingleSignal: 0,
  hasProjections: 1,
  amplitudeStabilityDb: -1,
  halfWindowOffsetHz: 0,
  historyDb: 0,
  hasHistory: 1,
  networkLogOdds: 0,
};

interface Parts extends Partial<GateContext> {
  readonly subharmonicDb?: number;
  readonly band?: RateBand;
}

/** Decides on a good candidate of 72 beats/min that differs in these parts. */
function decide({ subharmonicDb = -10, band = USUAL_BAND, ...context }: Parts) {
  const candidate: PulseCandidate = {
    frequencyHz: 1.2,
    features: FEATURES,
    signals: [],
    bvp: new Float64Array(300),
    spectrum: { power: new Float64Array(512), binHz: 0.03 },
    subharmonicDb,
    band,
  };
  return gate(candidate, {
    window: pulseWindow({}),
    rate: 72,
    confidence: 0.94,
    features: FEATURES,
    previous: undefined,
    faceSpeed: 0,
    breathsPerMinute: undefined,
    ...context,
  });
}

const incoherent = (coherence: number) => ({ ...FEATURES, coherence });

/** Each limit: the last candidate that is published, the first that is withheld, and why. */
const LIMITS: readonly (readonly [
  name: string,
  published: Parts,
  withheld: Parts,
  reason: "low_quality" | "motion",
  confidence: number,
])[] = [
  ["confidence", { confidence: 0.7 }, { confidence: 0.699 }, "low_quality", 0.699],
  ...([["slow", SLOW_BAND, 30, 39.5], ["usual", USUAL_BAND, 39.5, 180.5], [
    "fast",
    FAST_BAND,
    180.5,
    220.5,
  ]] as const).flatMap(([name, band, min, end]) =>
    ([["lowest", min, min - 0.01], ["highest", end - 0.01, end]] as const).map((
      [which, published, withheld],
    ) =>
      [
        `${which} rate of the ${name} band`,
        { band, rate: published },
        { band, rate: withheld },
        "low_quality",
        0.5,
      ] as const
    )
  ),
  ...[1, 2, 3, 4].map((multiple) =>
    [
      `distance of a certain slow pulse from ${multiple} times the breathing rate`,
      { band: SLOW_BAND, rate: 35, confidence: 0.999, breathsPerMinute: 38.01 / multiple },
      { band: SLOW_BAND, rate: 35, confidence: 0.999, breathsPerMinute: 37.99 / multiple },
      "motion",
      0.1,
    ] as const
  ),
  [
    "coherence of regions",
    { features: incoherent(0.4) },
    { features: incoherent(0.399) },
    "low_quality",
    0.5,
  ],
  [
    "rate of an incoherent candidate before",
    { previous: { rate: 75.1, isIncoherent: true } },
    { previous: { rate: 74.9, isIncoherent: true } },
    "low_quality",
    0.5,
  ],
  [
    "confidence of an incoherent candidate",
    { features: incoherent(-0.1), confidence: 0.95 },
    { features: incoherent(-0.1), confidence: 0.949 },
    "low_quality",
    0.5,
  ],
  ["speed of the face", { faceSpeed: 0.5 }, { faceSpeed: 0.501 }, "motion", 0.1],
  ["subharmonic", { subharmonicDb: 0 }, { subharmonicDb: 0.01 }, "motion", 0.1],
  ...[2, 3].flatMap((multiple) =>
    [-1, 1].map((sign) => {
      const rateAt = (distance: number) => ({
        confidence: 0.899,
        rate: 72,
        breathsPerMinute: (72 + sign * distance) / multiple,
      });
      return [
        `distance from ${multiple} times the breathing rate, ${sign < 0 ? "above" : "below"} it`,
        rateAt(3.01),
        rateAt(2.99),
        "motion",
        0.1,
      ] as const;
    })
  ),
  [
    "confidence at twice the breathing rate",
    { breathsPerMinute: 36, confidence: 0.9 },
    { breathsPerMinute: 36, confidence: 0.899 },
    "motion",
    0.1,
  ],
];

for (const [name, published, withheld, reason, confidence] of LIMITS) {
  Deno.test(`gate() withholds beyond the limit only: ${name}`, () => {
    assert.deepEqual(decide(published), { confidence: published.confidence ?? 0.94 });
    const { isRejected: _, ...decision } = decide(withheld);
    assert.deepEqual(decision, { confidence, withheld: reason });
  });
}

Deno.test("gate() keeps a confidence that is under the limit of a rate outside the range", () => {
  assert.equal(decide({ rate: 230, confidence: 0.3 }).confidence, 0.3);
});

Deno.test("gate() does not need a coherence that is unknown", () => {
  const unknown = { ...FEATURES, coherence: 0, hasCoherence: 0 };
  const previous = { rate: 72, isIncoherent: false };
  assert.equal(decide({ features: unknown, previous }).withheld, undefined);
});

Deno.test("gate() publishes four times the breathing rate", () => {
  assert.equal(decide({ breathsPerMinute: 18, confidence: 0.8 }).withheld, undefined);
});

Deno.test("gate() withholds a candidate that rejectionReason() rejects", () => {
  const lamp = (seconds: number) => 0.01 * Math.sin(2 * Math.PI * 1.2 * seconds);
  const color = colorOf({ r: lamp, g: lamp, b: lamp });
  const window = pulseWindow({ skin: color, background: color });
  assert.deepEqual(decide({ window }), { confidence: 0.1, withheld: "flicker", isRejected: true });
  // A pulse beside the flicker takes confidence from it, and lamps reach regions differently.
  const rejected = (parts: Parts) => decide({ window, ...parts }).isRejected ?? false;
  assert.equal(rejected({ confidence: 0.1 }), true);
  assert.equal(rejected({ confidence: 0.099 }), false);
  assert.equal(decide({ window, features: incoherent(0) }).withheld, "flicker");
});

Deno.test("gate() rejects what is no pulse from a confidence of 0.3 on, but not what is unclear", () => {
  const rejected = (parts: Parts) => decide(parts).isRejected ?? false;
  assert.equal(rejected({ subharmonicDb: 1 }), true);
  assert.equal(rejected({ faceSpeed: 1 }), false);
  assert.equal(rejected({ features: incoherent(0) }), true);
  assert.equal(rejected({ confidence: 0.6 }), false);
  assert.equal(rejected({ rate: 250 }), false);
  const unclear = { subharmonicDb: 1, confidence: 0.3 };
  assert.deepEqual(decide(unclear), { confidence: 0.1, withheld: "low_quality", isRejected: true });
  assert.deepEqual(decide({ ...unclear, confidence: 0.299 }), {
    confidence: 0.299,
    withheld: "low_quality",
  });
});

Deno.test("isIncoherent() needs a known coherence", () => {
  const unknown = { ...FEATURES, coherence: 0, hasCoherence: 0 };
  assert.equal(isIncoherent({ features: unknown, confidence: 0.8 }), false);
  assert.equal(isIncoherent({ features: incoherent(0), confidence: 0.8 }), true);
});

Deno.test("clampRate() replaces rates up to 0.5 outside the range, and no others", () => {
  const cases = [
    [29.49, 29.49],
    [29.5, 30],
    [30, 30],
    [30.2, 30.2],
    [219.8, 219.8],
    [220.5, 220],
    [220.51, 220.51],
  ] as const;
  for (const [rate, clamped] of cases) assert.equal(clampRate(rate), clamped, `${rate}`);
});

Deno.test("gate() withholds a rate to which the rate network gives under 0.3 as improbable", () => {
  assert.equal(decide({ networkProbability: 0.3 }).withheld, undefined);
  assert.deepEqual(decide({ networkProbability: 0.299 }), {
    confidence: 0.5,
    withheld: "low_quality",
    isImprobable: true,
  });
});

import { monotonicUs } from "../../src/base/time.ts";
/**
 * Fits models/breathing_confidence.json: the probability that a breathing rate is within
 * 2 breaths/min of the truth.
 *
 *     deno run -A scripts/fit/breathing_confidence.ts [CHESTS]
 *
 * Few recordings with both a chest and a breathing reference exist, so the model is fitted on
 * synthetic chests (synthetic_chests.ts). Reported results are from tenfold cross-validation. The
 * tests and `validate` check the model on recordings.
 */
import { BREATHING_FEATURES } from "../../src/vitals/breathing/evidence.ts";
import { ChestTrack } from "../../src/vitals/breathing/chest_track.ts";
import { evaluateWindows } from "../../src/vitals/breathing/evidence.ts";
import { exitWithUsage, parseCounts } from "./command_line.ts";
import { fitLogistic, predict } from "./logistic.ts";
import { displacementsOf, makeSyntheticChest } from "./synthetic_chests.ts";

const USAGE = `deno run -A scripts/fit/breathing_confidence.ts [CHESTS]
CHESTS is the number of synthetic chests (default 600).`;

const SECONDS = 75;
/** The reference rate is the mean of this time at most: a viewer expects the current rate. Chosen. */
const MAX_REFERENCE_S = 20;
const FOLDS = 10;
const MODEL = new URL("../../models/breathing_confidence.json", import.meta.url);

interface Row {
  readonly seed: number;
  readonly isBreathing: boolean;
  readonly features: readonly number[];
  readonly right: 0 | 1;
}

/** The windows of one synthetic chest, a few seconds apart. */
function rowsOf(seed: number): Row[] {
  const recording = makeSyntheticChest(seed, SECONDS);
  const { fps, phase } = recording;
  const track = new ChestTrack();
  const rows: Row[] = [];
  let nextS = 8;
  displacementsOf(recording).forEach((chest, k) => {
    const timeS = k / fps;
    track.push({
      timeUs: monotonicUs(Math.round(1e6 + timeS * 1e6)),
      sequence: k,
      regions: {},
      faceCount: 1,
      chest,
      brightness: 100,
      clipped: 0,
      motion: 1,
    });
    if (timeS < nextS) return;
    nextS += timeS > 30 ? 9 : 4;
    for (const { rate, seconds, features } of evaluateWindows(track.segment(60))) {
      const before = Math.max(0, k - Math.round(Math.min(seconds, MAX_REFERENCE_S) * fps));
      const truth = phase ? (60 * (phase[k]! - phase[before]!)) / ((k - before) / fps) : NaN;
      rows.push({
        seed,
        isBreathing: phase !== undefined,
        features: BREATHING_FEATURES.map((name) => features[name]),
        right: Math.abs(rate - truth) <= 2 ? 1 : 0,
      });
    }
  });
  return rows;
}

/** Expected calibration error in ten bins. */
function calibrationError(predicted: readonly number[], right: readonly number[]): number {
  let error = 0;
  for (let bin = 0; bin < 10; bin++) {
    const inside = predicted.flatMap((
      p,
      k,
    ) => (Math.min(9, Math.floor(p * 10)) === bin ? [k] : []));
    const gap = inside.reduce((sum, k) => sum + predicted[k]! - right[k]!, 0);
    error += Math.abs(gap) / predicted.length;
  }
  return error;
}

if (Deno.args.length > 1) exitWithUsage(USAGE);
const [chests = 600] = parseCounts(Deno.args, USAGE);
const rows = Array.from({ length: chests }, (_, k) => rowsOf(k + 1)).flat();
const predicted: number[] = new Array(rows.length).fill(0);
for (let fold = 0; fold < FOLDS; fold++) {
  const others = rows.filter(({ seed }) => seed % FOLDS !== fold);
  const weights = fitLogistic(others.map((r) => r.features), others.map((r) => r.right));
  rows.forEach((row, k) => {
    if (row.seed % FOLDS === fold) predicted[k] = predict(weights, row.features);
  });
}
const right = rows.map((row) => row.right);
const rightShare = (selected: readonly number[]) =>
  selected.reduce((sum, k) => sum + right[k]!, 0) / Math.max(1, selected.length);
const atLeast = (limit: number) => predicted.flatMap((p, k) => (p >= limit ? [k] : []));
const withoutBreathing = rows.flatMap((row, k) => (row.isBreathing ? [] : [k]));
const report = {
  chests,
  windows: rows.length,
  calibrationError: calibrationError(predicted, right),
  rightOver07: rightShare(atLeast(0.7)),
  rightOver09: rightShare(atLeast(0.9)),
  withoutBreathingOver07: withoutBreathing.filter((k) => predicted[k]! >= 0.7).length /
    withoutBreathing.length,
};
console.log(report);
const [intercept = 0, ...weights] = fitLogistic(rows.map((r) => r.features), right);
const round = (value: number) => Number(value.toFixed(4));
const model = {
  what: "Probability that a breathing rate is within 2 breaths/min: a logistic regression",
  fitted_on: `${chests} synthetic chests of ${SECONDS} s, two fifths of them without breathing`,
  cross_validated: Object.fromEntries(Object.entries(report).map(([k, v]) => [k, round(v)])),
  intercept: round(intercept),
  weights: Object.fromEntries(BREATHING_FEATURES.map((name, i) => [name, round(weights[i]!)])),
};
await Deno.writeTextFile(MODEL, JSON.stringify(model, null, 2) + "\n");

/**
 * Fits models/breathing_confidence.json in one command:
 *
 *     deno run -A scripts/fit/breathing_confidence.ts [cases]
 *
 * Few recordings with both a chest and its breaths exist, so the model is fitted on made-up
 * chests (breathing_cases.ts), leaving out a tenth of them at a time for the report, and is
 * checked on recordings it never saw by the tests and by `validate`.
 */
import { BREATHING_FEATURES } from "../../src/vitals/breathing/evidence.ts";
import { ChestTrack } from "../../src/vitals/breathing/chest_track.ts";
import { evaluateWindows } from "../../src/vitals/breathing/evidence.ts";
import { displacementsOf, makeCase } from "./breathing_cases.ts";
import { fitLogistic, predict } from "./logistic.ts";

const SECONDS = 75;
/** A person who looks at the number means about this much of the past. */
const PRESENT_S = 20;
const FOLDS = 10;
const MODEL = new URL("../../models/breathing_confidence.json", import.meta.url);

interface Row {
  readonly seed: number;
  readonly nothing: boolean;
  readonly features: readonly number[];
  readonly right: 0 | 1;
}

/** Every window of one made-up recording, a few seconds apart. */
function rowsOf(seed: number): Row[] {
  const recording = makeCase(seed, SECONDS);
  const { fps, phase, kind } = recording;
  const track = new ChestTrack();
  const rows: Row[] = [];
  let nextS = 8;
  displacementsOf(recording).forEach((chest, k) => {
    const timeS = k / fps;
    track.push({
      timeUs: Math.round(1e6 + timeS * 1e6),
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
      // Right is what the chest did lately, not what it did on average over a long window.
      const before = Math.max(0, k - Math.round(Math.min(seconds, PRESENT_S) * fps));
      const truth = phase ? (60 * (phase[k]! - phase[before]!)) / ((k - before) / fps) : NaN;
      rows.push({
        seed,
        nothing: kind === "nothing",
        features: BREATHING_FEATURES.map((name) => features[name]),
        right: Math.abs(rate - truth) <= 2 ? 1 : 0,
      });
    }
  });
  return rows;
}

/** How far stated probabilities are from what came true, in ten bins, weighted by their size. */
function calibrationError(stated: readonly number[], right: readonly number[]): number {
  let error = 0;
  for (let bin = 0; bin < 10; bin++) {
    const inside = stated.flatMap((p, k) => (Math.min(9, Math.floor(p * 10)) === bin ? [k] : []));
    const gap = inside.reduce((sum, k) => sum + stated[k]! - right[k]!, 0);
    error += Math.abs(gap) / stated.length;
  }
  return error;
}

const cases = Number(Deno.args[0] ?? 600);
const rows = Array.from({ length: cases }, (_, k) => rowsOf(k + 1)).flat();
const stated: number[] = new Array(rows.length).fill(0);
for (let fold = 0; fold < FOLDS; fold++) {
  const others = rows.filter(({ seed }) => seed % FOLDS !== fold);
  const weights = fitLogistic(others.map((r) => r.features), others.map((r) => r.right));
  rows.forEach((row, k) => {
    if (row.seed % FOLDS === fold) stated[k] = predict(weights, row.features);
  });
}
const right = rows.map((row) => row.right);
const share = (chosen: readonly number[]) =>
  chosen.reduce((sum, k) => sum + right[k]!, 0) / Math.max(1, chosen.length);
const over = (limit: number) => stated.flatMap((p, k) => (p >= limit ? [k] : []));
const nothing = rows.flatMap((row, k) => (row.nothing ? [k] : []));
const report = {
  cases,
  windows: rows.length,
  calibrationError: calibrationError(stated, right),
  rightWhereOver07: share(over(0.7)),
  rightWhereOver09: share(over(0.9)),
  nothingOver07: nothing.filter((k) => stated[k]! >= 0.7).length / nothing.length,
};
console.log(report);
const [intercept = 0, ...weights] = fitLogistic(rows.map((r) => r.features), right);
const round = (value: number) => Number(value.toFixed(4));
const model = {
  what: "Probability that a breathing rate is within 2 breaths/min: a logistic regression",
  fitted_on: `${cases} made-up chests of ${SECONDS} s, two fifths of them without breath`,
  left_out_tenths: Object.fromEntries(Object.entries(report).map(([k, v]) => [k, round(v)])),
  intercept: round(intercept),
  weights: Object.fromEntries(BREATHING_FEATURES.map((name, i) => [name, round(weights[i]!)])),
};
await Deno.writeTextFile(MODEL, JSON.stringify(model, null, 2) + "\n");

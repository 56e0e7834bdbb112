import { type ConfidenceModel, FEATURE_NAMES } from "../../src/vitals/pulse/confidence.ts";
import { fitLogistic } from "./logistic.ts";
import type { Row } from "./pulse_rows.ts";

/** Quantiles to which features are cut. */
const TAIL = 0.005;
/** What each kind of row counts together, however many they are. */
const SHARES = { real: 0.5, pulse: 0.2, nothing: 0.3 } as const;
/** One wave alone can be anything: where it is nothing, it counts as often. */
const ALONE_IMPORTANCE = 2;

/** A model from an intercept and a weight a feature, each cut to its range. */
export function modelOf(
  [bias = 0, ...weights]: readonly number[],
  range: (index: number) => readonly [number, number],
): ConfidenceModel {
  const byName = <Value>(value: (index: number) => Value) =>
    Object.fromEntries(FEATURE_NAMES.map((name, index) => [name, value(index)])) as Record<
      typeof FEATURE_NAMES[number],
      Value
    >;
  return { bias, weights: byName((k) => weights[k] ?? 0), ranges: byName(range) };
}

export function fitConfidence(all: readonly Row[]): ConfidenceModel {
  const rows = all.filter(({ vetoed }) => !vetoed);
  const ranges = FEATURE_NAMES.map((_, k) => {
    const sorted = rows.map(({ features }) => features[k]!).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
    return [at(TAIL), at(1 - TAIL)] as const;
  });
  const cut = rows.map(({ features }) =>
    features.map((value, k) => Math.max(ranges[k]![0], Math.min(ranges[k]![1], value)))
  );
  const counts = Map.groupBy(rows, ({ kind }) => kind);
  const alone = FEATURE_NAMES.indexOf("alone");
  const importance = rows.map(({ kind, features }) =>
    (SHARES[kind] * rows.length / counts.get(kind)!.length) *
    (kind === "nothing" && features[alone] ? ALONE_IMPORTANCE : 1)
  );
  const weights = fitLogistic(cut, rows.map(({ right }) => right), { importance });
  const round = (value: number) => Number(value.toPrecision(5));
  return modelOf(weights.map(round), (k) => [round(ranges[k]![0]), round(ranges[k]![1])]);
}

/** What a model says of a row; a veto leaves nothing. */
export function confidenceOf(
  { features, vetoed }: Row,
  { bias, weights, ranges }: ConfidenceModel,
): number {
  const z = FEATURE_NAMES.reduce((sum, name, k) => {
    const [low, high] = ranges[name];
    return sum + weights[name] * Math.max(low, Math.min(high, features[k]!));
  }, bias);
  return vetoed ? 0 : 1 / (1 + Math.exp(-z));
}

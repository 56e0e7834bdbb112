import { type ConfidenceModel, FEATURE_NAMES } from "../../src/vitals/pulse/confidence.ts";
import type { LabeledWindow } from "./labeled_window.ts";
import { fitLogistic } from "./logistic.ts";

/** Quantile at either end to which features are clamped. */
const TAIL = 0.005;
/**
 * Total importance of each kind of window, independent of their number. It is shared with the
 * windows that the gate rejects, which are not fitted: a kind that is mostly rejected counts little.
 */
const SHARES = { recorded: 0.5, synthetic: 0.2, no_pulse: 0.3 } as const;
/** Importance of a single signal without a pulse: no other signal can contradict it. */
const SINGLE_SIGNAL_IMPORTANCE = 2;

/** Builds a model from an intercept and one weight per feature, each clamped to its range. */
export function pulseModel(
  [intercept = 0, ...weights]: readonly number[],
  range: (index: number) => readonly [number, number],
): ConfidenceModel {
  const byName = <Value>(value: (index: number) => Value) =>
    Object.fromEntries(FEATURE_NAMES.map((name, index) => [name, value(index)])) as Record<
      typeof FEATURE_NAMES[number],
      Value
    >;
  return { intercept, weights: byName((k) => weights[k] ?? 0), ranges: byName(range) };
}

/** Fits a model to all windows that the gate does not reject. */
export function fitPulseModel(all: readonly LabeledWindow[]): ConfidenceModel {
  const windows = all.filter(({ rejected }) => !rejected);
  const ranges = FEATURE_NAMES.map((_, k) => {
    const sorted = windows.map(({ features }) => features[k]!).sort((a, b) => a - b);
    const quantile = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
    return [quantile(TAIL), quantile(1 - TAIL)] as const;
  });
  const clamped = windows.map(({ features }) =>
    features.map((value, k) => Math.max(ranges[k]![0], Math.min(ranges[k]![1], value)))
  );
  const byKind = Map.groupBy(all, ({ kind }) => kind);
  const isSingleSignal = FEATURE_NAMES.indexOf("isSingleSignal");
  const importance = windows.map(({ kind, features }) =>
    (SHARES[kind] * all.length / byKind.get(kind)!.length) *
    (kind === "no_pulse" && features[isSingleSignal] ? SINGLE_SIGNAL_IMPORTANCE : 1)
  );
  const weights = fitLogistic(clamped, windows.map(({ right }) => right), { importance });
  const round = (value: number) => Number(value.toPrecision(5));
  return pulseModel(weights.map(round), (k) => [round(ranges[k]![0]), round(ranges[k]![1])]);
}

/** Confidence of a window by a model; 0 if the gate rejects it. */
export function confidenceOf(
  { features, rejected }: LabeledWindow,
  { intercept, weights, ranges }: ConfidenceModel,
): number {
  const logit = FEATURE_NAMES.reduce((sum, name, k) => {
    const [low, high] = ranges[name] ?? [0, 0];
    return sum + (weights[name] ?? 0) * Math.max(low, Math.min(high, features[k]!));
  }, intercept);
  return rejected ? 0 : 1 / (1 + Math.exp(-logit));
}

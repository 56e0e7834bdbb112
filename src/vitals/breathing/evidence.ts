import type { ChestSegment } from "./chest_track.ts";
import { breathingRate, type RateEvidence } from "./rate.ts";

/** Features of the confidence model; the model file has one weight for each. */
export const BREATHING_FEATURES = [
  "concentration",
  "periodicity",
  "disagreement",
  "irregularity",
  "rise",
  "cycles",
  "accord",
  "moved",
] as const;
export type BreathingFeature = typeof BREATHING_FEATURES[number];

/** The rate of one window, with its evidence and the features of its confidence. */
export interface WindowEvidence extends RateEvidence {
  /** Length of the window. */
  readonly seconds: number;
  readonly features: Readonly<Record<BreathingFeature, number>>;
}

/** Window lengths in seconds; a shorter trace is used as a whole. Chosen. */
const WINDOWS_S = [14, 20, 30, 42, 60] as const;
/** A shorter trace hardly has a complete breath. */
const MIN_WINDOW_S = 8;
/** With fewer breaths in a window, edge effects shifted rates by over 1 breath/min. Measured. */
const MIN_CYCLES = 2.5;
/** A rate with less power above chance is no motion of the chest. Chosen. */
const MIN_CONCENTRATION = 0.2;
/** With this many clear breaths in a window, longer windows would only add older data. Chosen. */
const SUFFICIENT_CYCLES = 7;

type WindowRate = RateEvidence & { readonly seconds: number };

/** Returns the evidence of each window that ends now and holds enough breaths. */
export function evaluateWindows(
  { chest, sampleRateHz, motionFraction }: ChestSegment,
): WindowEvidence[] {
  const all: WindowRate[] = [];
  for (const seconds of windowLengths(chest.length / sampleRateHz)) {
    const window = chest.subarray(-Math.round(seconds * sampleRateHz));
    const evidence = breathingRate(window, { sampleRateHz });
    if (!evidence) continue;
    all.push({ ...evidence, seconds });
    if (isClear(evidence)) break;
  }
  const usable = all.filter(({ cycles, concentration }) =>
    cycles >= MIN_CYCLES && concentration >= MIN_CONCENTRATION
  );
  return usable.map((evidence) => {
    const accord = agreementOf(evidence, all);
    return { ...evidence, features: confidenceFeatures(evidence, { accord, motionFraction }) };
  });
}

/** Returns the window lengths that fit into a trace in ascending order, then the whole trace. */
function windowLengths(available: number): number[] {
  const lengths: number[] = WINDOWS_S.filter((seconds) => seconds <= available);
  const addWhole = available >= MIN_WINDOW_S && available < WINDOWS_S.at(-1)!;
  return addWhole && available - (lengths.at(-1) ?? 0) > 0.5 ? [...lengths, available] : lengths;
}

function isClear({ concentration, spectralRate, countedRate = 0, cycles }: RateEvidence): boolean {
  const disagreement = Math.abs(countedRate - spectralRate) / spectralRate;
  return concentration > 0.7 && disagreement < 0.08 && cycles >= SUFFICIENT_CYCLES;
}

/** Relative difference up to which the rates of two windows agree. Chosen. */
const RELATIVE_RATE_TOLERANCE = 0.12;

/**
 * Returns the fraction of the other windows, if long enough for the rate, that have it too. The
 * rate of noise differs between windows.
 */
function agreementOf(own: WindowRate, all: readonly WindowRate[]): number {
  const others = all.filter(({ seconds }) =>
    seconds !== own.seconds && (seconds * own.rate) / 60 >= MIN_CYCLES
  );
  if (others.length === 0) return 0.5;
  const agreeing = others.filter(({ rate }) =>
    Math.abs(rate - own.rate) < RELATIVE_RATE_TOLERANCE * own.rate
  );
  return agreeing.length / others.length;
}

/**
 * Returns the features of the confidence model.
 *
 * @param options `accord`: fraction of other windows with the same rate, 0.5 if there is none.
 */
export function confidenceFeatures(
  evidence: RateEvidence,
  { accord, motionFraction }: { accord: number; motionFraction: number },
): Readonly<Record<BreathingFeature, number>> {
  const { concentration, periodicity, spectralRate, countedRate, irregularity, rise, cycles } =
    evidence;
  const disagreement = countedRate === undefined
    ? 1
    : Math.abs(countedRate - spectralRate) / spectralRate;
  return {
    concentration,
    periodicity,
    disagreement: Math.min(1, disagreement),
    irregularity: Math.min(1, irregularity),
    rise: Math.max(0, Math.min(4, rise)),
    cycles: Math.log(Math.min(8, cycles)),
    accord,
    moved: Math.min(0.5, motionFraction),
  };
}

import type { ChestStretch } from "./chest_track.ts";
import { breathingRate, type RateEvidence } from "./rate.ts";

/** What the confidence is judged by; the model file holds one weight for each. */
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

/** A rate, with what speaks for it, from one window. */
export interface WindowEvidence extends RateEvidence {
  readonly seconds: number;
  readonly features: Readonly<Record<BreathingFeature, number>>;
}

/** The lengths of window that are tried, in seconds; the first values come from what there is. */
const WINDOWS_S = [14, 20, 30, 42, 60] as const;
/** Under this there is hardly a whole breath. */
const MIN_WINDOW_S = 8;
/** With fewer breaths in a window its ends weigh too much: rates were off by over 1. */
const MIN_CYCLES = 2.5;
/** A rate that has hardly more power than chance is not what the chest does. */
const MIN_CONCENTRATION = 0.2;
/** So many clear breaths in a window need no longer one, which is further from the present. */
const ENOUGH_CYCLES = 7;

type Measured = RateEvidence & { readonly seconds: number };

/** The evidence of each window that ends now and holds a fitting number of breaths. */
export function windowsOf({ chest, sampleRateHz, movedShare }: ChestStretch): WindowEvidence[] {
  const all: Measured[] = [];
  for (const seconds of lengthsIn(chest.length / sampleRateHz)) {
    const window = chest.subarray(-Math.round(seconds * sampleRateHz));
    const evidence = breathingRate(window, { sampleRateHz });
    if (!evidence) continue;
    all.push({ ...evidence, seconds });
    if (isClear(evidence)) break;
  }
  const fitting = all.filter(({ cycles, concentration }) =>
    cycles >= MIN_CYCLES && concentration >= MIN_CONCENTRATION
  );
  return fitting.map((evidence) => {
    const accord = accordOf(evidence, all);
    return { ...evidence, features: featuresOf(evidence, { accord, movedShare }) };
  });
}

/** Windows up to the available seconds, shortest first, and between two lengths all that there is. */
function lengthsIn(available: number): number[] {
  const lengths: number[] = WINDOWS_S.filter((seconds) => seconds <= available);
  const whole = available >= MIN_WINDOW_S && available < WINDOWS_S.at(-1)!;
  return whole && available - (lengths.at(-1) ?? 0) > 0.5 ? [...lengths, available] : lengths;
}

function isClear({ concentration, spectralRate, countedRate = 0, cycles }: RateEvidence): boolean {
  const apart = Math.abs(countedRate - spectralRate) / spectralRate;
  return concentration > 0.7 && apart < 0.08 && cycles >= ENOUGH_CYCLES;
}

/** A rate that differs by this share is another one. */
const SAME_SHARE = 0.12;

/** Share of the other windows, if they can hold the rate, that find it too; noise changes its mind. */
function accordOf(own: Measured, all: readonly Measured[]): number {
  const others = all.filter(({ seconds }) =>
    seconds !== own.seconds && (seconds * own.rate) / 60 >= MIN_CYCLES
  );
  if (others.length === 0) return 0.5;
  const same = others.filter(({ rate }) => Math.abs(rate - own.rate) < SAME_SHARE * own.rate);
  return same.length / others.length;
}

/** The features of one window's evidence; `accord` with other windows, 0.5 where there is none. */
export function featuresOf(
  evidence: RateEvidence,
  { accord, movedShare }: { accord: number; movedShare: number },
): Readonly<Record<BreathingFeature, number>> {
  const { concentration, periodicity, spectralRate, countedRate, irregularity, rise, cycles } =
    evidence;
  const apart = countedRate === undefined ? 1 : Math.abs(countedRate - spectralRate) / spectralRate;
  return {
    concentration,
    periodicity,
    disagreement: Math.min(1, apart),
    irregularity: Math.min(1, irregularity),
    rise: Math.max(0, Math.min(4, rise)),
    cycles: Math.log(Math.min(8, cycles)),
    accord,
    moved: Math.min(0.5, movedShare),
  };
}

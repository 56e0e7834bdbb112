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
const WINDOWS_S = [60, 42, 30, 20, 14] as const;
/** Under this there is hardly a whole breath. */
const MIN_WINDOW_S = 8;
/** Fewer breaths than this in a window are no rhythm. */
const MIN_CYCLES = 1.8;
/** More breaths than this are a matter for a shorter window, which is nearer to the present. */
const MAX_CYCLES = 14;

/** The evidence of each window that ends now and holds a fitting number of breaths. */
export function windowsOf(stretch: ChestStretch): WindowEvidence[] {
  const { chest, sampleRateHz, movedShare } = stretch;
  const available = chest.length / sampleRateHz;
  const lengths = WINDOWS_S.filter((seconds) => seconds <= available);
  const [longest = 0] = lengths;
  // Between two lengths, all that there is counts, as long as it is not much more than the last.
  const seconds = available >= MIN_WINDOW_S && available < WINDOWS_S[0] && available > longest
    ? [available, ...lengths]
    : lengths;
  const all = seconds.flatMap((length) => {
    const evidence = breathingRate(chest.slice(-Math.round(length * sampleRateHz)), {
      sampleRateHz,
    });
    return evidence ? [{ ...evidence, seconds: length }] : [];
  });
  return all.flatMap((evidence) => {
    if (evidence.cycles < MIN_CYCLES) return [];
    if (evidence.cycles > MAX_CYCLES && evidence.seconds > WINDOWS_S.at(-1)!) return [];
    const accord = accordOf(evidence, all);
    return [{ ...evidence, features: featuresOf(evidence, { accord, movedShare }) }];
  });
}

/** A rate that differs by this share is another one. */
const SAME_SHARE = 0.12;

/** Share of the other windows, if they can hold the rate, that find it too; noise changes its mind. */
function accordOf(
  own: RateEvidence & { seconds: number },
  all: readonly (RateEvidence & { seconds: number })[],
): number {
  const others = all.filter(({ seconds }) =>
    seconds !== own.seconds && (seconds * own.rate) / 60 >= MIN_CYCLES
  );
  if (others.length === 0) return 0.5;
  const same = others.filter(({ rate }) => Math.abs(rate - own.rate) < SAME_SHARE * own.rate);
  return same.length / others.length;
}

function featuresOf(
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

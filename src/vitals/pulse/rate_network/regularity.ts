import { NETWORK_WINDOW_S } from "./input.ts";
import type { RatePosteriors } from "./posterior.ts";

/**
 * From these probabilities of a rate on, its rhythm is regular: the network was trained to hold an
 * irregular one for no pulse. Chosen.
 */
const MIN_PROBABILITY = { certain: 0.6, likely: 0.4, filtered: 0.6 } as const;
/**
 * A few beats of a fibrillating heart are regular by chance, so it takes more until the network's
 * window is full. Chosen.
 */
const MIN_EARLY_PROBABILITY = 0.85;

/** How sure the network is that the beats are regular, whatever the beats themselves look like. */
export type NetworkRegularity = "certain" | "likely" | "unknown";

/** @param options `rate` in beats/min; `seconds`: time since the measurement started. */
export function networkRegularityOf(
  { newest, filtered }: RatePosteriors,
  { rate, seconds }: { rate: number; seconds: number },
): NetworkRegularity {
  const probability = newest.near(rate);
  if (seconds < NETWORK_WINDOW_S) {
    return probability >= MIN_EARLY_PROBABILITY ? "certain" : "unknown";
  }
  if (filtered.near(rate) < MIN_PROBABILITY.filtered) return "unknown";
  if (probability >= MIN_PROBABILITY.certain) return "certain";
  return probability >= MIN_PROBABILITY.likely ? "likely" : "unknown";
}

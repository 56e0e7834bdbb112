import {
  LOWEST_RATE,
  RatePosterior,
  RATES,
} from "../../src/vitals/pulse/rate_network/posterior.ts";

/** Probabilities of these rates, in beats/min; the rest is no pulse. */
export function posteriorOf(rates: Readonly<Record<number, number>>): RatePosterior {
  const probabilities = new Float32Array(RATES + 1);
  for (const [rate, value] of Object.entries(rates)) {
    probabilities[Number(rate) - LOWEST_RATE] = value;
  }
  probabilities[RATES] = 1 - probabilities.reduce((sum, value) => sum + value, 0);
  return new RatePosterior(probabilities);
}

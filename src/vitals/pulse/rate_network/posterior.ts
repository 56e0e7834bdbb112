import { SAME_RATE } from "../features.ts";

/** Lowest rate of the network, in beats/min; its rates are 1 apart. */
export const LOWEST_RATE = 28;
/** Number of rates. The network's last output is the probability that there is no pulse. */
export const RATES = 196;
/** Lower limit of probabilities, so that logarithms are finite. */
const MIN_PROBABILITY = 1e-3;

/** What the network says about a window, and what follows from it and the windows before. */
export interface RatePosteriors {
  readonly newest: RatePosterior;
  readonly filtered: RatePosterior;
}

/** The probabilities of rates, given the signals of a window; together with "no pulse" they are 1. */
export class RatePosterior {
  /** The rate that has the highest probability near it, in beats/min, refined by the mean there. */
  readonly mostProbable: { readonly rate: number; readonly probability: number };

  /** @param probabilities of 28, 29, … 223 beats/min, and of no pulse. */
  constructor(readonly probabilities: Float32Array) {
    this.mostProbable = this.#mostProbable();
  }

  /** Probability that the rate is within 3 of `rate`, both in beats/min. */
  near(rate: number): number {
    const first = Math.max(0, Math.ceil(rate - SAME_RATE) - LOWEST_RATE);
    const last = Math.min(RATES - 1, Math.floor(rate + SAME_RATE) - LOWEST_RATE);
    let sum = 0;
    for (let index = first; index <= last; index++) sum += this.probabilities[index]!;
    return Math.min(1, sum);
  }

  /** Log odds of `near`. */
  logOdds(rate: number): number {
    const probability = this.near(rate);
    return Math.log((probability + MIN_PROBABILITY) / (1 - probability + MIN_PROBABILITY));
  }

  #mostProbable(): RatePosterior["mostProbable"] {
    let best = LOWEST_RATE;
    let probability = -1;
    for (let rate = LOWEST_RATE; rate < LOWEST_RATE + RATES; rate++) {
      const here = this.near(rate);
      if (here > probability) [best, probability] = [rate, here];
    }
    let [sum, weights] = [0, 0];
    const first = Math.max(0, best - SAME_RATE - LOWEST_RATE);
    const last = Math.min(RATES - 1, best + SAME_RATE - LOWEST_RATE);
    for (let index = first; index <= last; index++) {
      sum += this.probabilities[index]! * (LOWEST_RATE + index);
      weights += this.probabilities[index]!;
    }
    return { rate: weights > 0 ? sum / weights : best, probability };
  }
}

import type { Random } from "../../tests/support/random.ts";

/** Rhythms of the heart, with the share of synthetic faces that have each. Chosen. */
const RHYTHM_SHARES = {
  /** Slow drift and respiratory sinus arrhythmia. */
  sinus: 0.62,
  /** Atrial fibrillation: intervals that do not depend on each other. */
  fibrillation: 0.16,
  /** Every second beat is early and followed by a pause. */
  bigeminy: 0.05,
  /** Single early beats, each followed by a pause. */
  ectopic: 0.05,
  /** The rate changes within a few beats. */
  step: 0.06,
  /** The rate rises or falls steadily, as in exercise. */
  ramp: 0.06,
} as const satisfies Readonly<Record<string, number>>;
type Rhythm = keyof typeof RHYTHM_SHARES;

/** Shortest interval between beats, in seconds: 230 beats/min. */
const MIN_INTERVAL_S = 0.26;
/** Limits of the rate, in beats/min. */
const RATES = { low: 32, high: 215 } as const;

/** The beats of a synthetic heart. */
export class Heart {
  readonly rhythm: Rhythm;
  readonly #random: Random;
  readonly #rate: number;
  readonly #variation: number;
  readonly #breathing: { readonly hz: number; readonly depth: number };
  readonly #change: { readonly atS: number; readonly by: number; readonly perSecond: number };
  #drift = 0;
  #startS = 0;
  #intervalS: number;
  #beat = 0;
  #early = false;

  constructor(random: Random) {
    const between = (low: number, high: number) => low + (high - low) * random.uniform();
    this.#random = random;
    this.rhythm = rhythmOf(random.uniform());
    this.#rate = this.rhythm === "fibrillation" ? between(45, 150) : between(40, 190);
    this.#variation = this.rhythm === "fibrillation" ? between(0.12, 0.28) : between(0.25, 0.45);
    this.#breathing = { hz: between(0.1, 0.4), depth: between(0, 0.08) };
    const sign = random.uniform() < 0.5 ? -1 : 1;
    this.#change = {
      atS: between(4, 20),
      by: sign * between(12, 45),
      perSecond: sign * between(0.7, 3),
    };
    this.#intervalS = this.#nextInterval();
  }

  /** Beats since the start at a time that is not before that of the last call, with fractions. */
  phaseAt(timeS: number): number {
    while (timeS >= this.#startS + this.#intervalS) {
      this.#startS += this.#intervalS;
      this.#beat++;
      this.#intervalS = this.#nextInterval();
    }
    return this.#beat + (timeS - this.#startS) / this.#intervalS;
  }

  #nextInterval(): number {
    this.#drift = 0.95 * this.#drift + 0.012 * this.#random.normal();
    const { hz, depth } = this.#breathing;
    const modulation = 1 + this.#drift + depth * Math.sin(2 * Math.PI * hz * this.#startS);
    const rate = Math.max(RATES.low, Math.min(RATES.high, this.#rateAt(this.#startS)));
    return Math.max(MIN_INTERVAL_S, (60 / rate) * modulation * this.#irregularity());
  }

  #rateAt(timeS: number): number {
    const sinceS = Math.max(0, timeS - this.#change.atS);
    if (this.rhythm === "step" && sinceS > 0) return this.#rate + this.#change.by;
    return this.rhythm === "ramp" ? this.#rate + sinceS * this.#change.perSecond : this.#rate;
  }

  /** The next interval over that of a regular heart. */
  #irregularity(): number {
    switch (this.rhythm) {
      case "fibrillation":
        return 1 + this.#variation * this.#random.normal();
      case "bigeminy":
        return this.#beat % 2 ? 1 - this.#variation : 1 + this.#variation;
      case "ectopic": {
        const follows = this.#early;
        this.#early = !follows && this.#random.uniform() < 0.12;
        if (this.#early) return 1 - this.#variation;
        return follows ? 1 + this.#variation : 1;
      }
      default:
        return 1 + 0.015 * this.#random.normal();
    }
  }
}

function rhythmOf(share: number): Rhythm {
  let sum = 0;
  for (const [rhythm, part] of Object.entries(RHYTHM_SHARES)) {
    sum += part;
    if (share < sum) return rhythm as Rhythm;
  }
  return "sinus";
}

import { SHARE_OF_A_TENTH } from "../../frames/pacing.ts";

const STEP = 0.1;
/** What is a whole number of tenths but for its last digits is one. */
const ROUNDING = 1e-6;
/** A step shows its effect only after what is under way has arrived, microseconds. */
const SETTLING_US = 500_000;
/** The link must have been idle enough for so long before frames grow again, microseconds. */
const CALM_US = 3_000_000;

/** How far frames are reduced, from 0, not at all, to 1, in tenths. */
export class RateController {
  #value = 0;
  #changedUs = -Infinity;
  #calmSinceUs: number | undefined;
  /** When what the link can carry was guessed: frames may grow again without a pause. */
  #guessedUs: number | undefined;

  get value(): number {
    return this.#value;
  }

  /** About how much of what was asked for at a reduction of `value` would be at the present one. */
  shareSince(value: number): number {
    return SHARE_OF_A_TENTH ** (10 * (this.#value - value));
  }

  /** The least reduction that leaves `share` of what is asked for at the present one. */
  leaving(share: number): number {
    const tenths = Math.log(share) / Math.log(SHARE_OF_A_TENTH);
    return Math.min(1, Math.max(0, Math.ceil(10 * this.#value + tenths - ROUNDING) / 10));
  }

  /** When the present value was guessed; absent where it is known to be needed. */
  get guessedUs(): number | undefined {
    return this.#guessedUs;
  }

  /** Reduces by a step, or at once to `least`. */
  tighten(nowUs: number, least = 0): void {
    this.#calmSinceUs = undefined;
    this.#guessedUs = undefined;
    if (nowUs - this.#changedUs < SETTLING_US) return;
    this.#set(Math.max(this.#value + STEP, least), nowUs);
  }

  /** Reduces to `least` at once, on a guess. */
  guess(nowUs: number, least: number): void {
    this.#calmSinceUs = undefined;
    if (least <= this.#value) return;
    this.#guessedUs = nowUs;
    this.#set(least, nowUs);
  }

  /** The link carries what it has to: a guess is given up step by step, down to `least`. */
  loosen(nowUs: number, least: number): void {
    if (least < this.#value) this.#set(Math.max(least, this.#value - 2 * STEP), nowUs);
    else this.#guessedUs = undefined;
  }

  /** The link is idle enough: once that has lasted, what is needed is in doubt. */
  calm(nowUs: number): void {
    this.#calmSinceUs ??= nowUs;
    if (nowUs - this.#calmSinceUs >= CALM_US) this.doubt(nowUs);
  }

  /** What was known may be wrong: the value counts as a guess from now on. */
  doubt(nowUs: number): void {
    this.#calmSinceUs = undefined;
    if (this.#value > 0) this.#guessedUs = nowUs;
  }

  /** The link is neither idle nor full. */
  stay(): void {
    this.#calmSinceUs = undefined;
  }

  #set(value: number, nowUs: number): void {
    this.#changedUs = nowUs;
    this.#value = Math.round(Math.min(1, Math.max(0, value)) * 10) / 10;
    if (this.#value === 0) this.#guessedUs = undefined;
  }
}

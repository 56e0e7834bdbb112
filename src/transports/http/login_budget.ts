/** Wrong tokens that are accepted at once, and the time after which one more is. Chosen. */
const BURST = 20;
const REFILL_MS = 5000;
/** Addresses with a budget of their own. */
const MAX_KNOWN = 256;

interface Bucket {
  wrong: number;
  atMs: number;
}

/**
 * Budget of wrong tokens, which limits guessing however many addresses take part: 20, and 12 more a
 * minute. While it is used up, no token is compared. An address that has sent the right token has a
 * budget of its own, so that guesses from elsewhere do not keep its user out.
 */
export class LoginBudget {
  readonly #nowMs: () => number;
  readonly #common: Bucket;
  readonly #known = new Map<string, Bucket>();

  /** @param nowMs monotonic time in milliseconds */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#common = { wrong: 0, atMs: nowMs() };
  }

  /** Returns true if a token from this address may be compared. */
  allows(address: string): boolean {
    const bucket = this.#refilled(address);
    return bucket.wrong <= BURST - 1;
  }

  /** Counts a wrong token. */
  failed(address: string): void {
    this.#refilled(address).wrong++;
  }

  /** Gives the address, which has sent the right token, a budget of its own. */
  succeeded(address: string): void {
    const bucket = this.#known.get(address) ?? { wrong: 0, atMs: this.#nowMs() };
    this.#known.delete(address);
    this.#known.set(address, bucket);
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!);
  }

  #refilled(address: string): Bucket {
    const bucket = this.#known.get(address) ?? this.#common;
    const nowMs = this.#nowMs();
    bucket.wrong = Math.max(0, bucket.wrong - (nowMs - bucket.atMs) / REFILL_MS);
    bucket.atMs = nowMs;
    return bucket;
  }
}

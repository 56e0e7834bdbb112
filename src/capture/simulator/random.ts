/**
 * Seeded pseudo-random number generator, identical on every machine: sfc32 (Doty-Humphrey,
 * PractRand).
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seeds up to three integers; equal seeds give equal sequences. */
  constructor(...seeds: readonly number[]) {
    [this.#a, this.#b, this.#c] = [seeds[0] ?? 0, seeds[1] ?? 0, seeds[2] ?? 0];
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** Returns 32 random bits as a signed integer. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum;
  }

  /** Returns a uniform value in [0, 1). */
  uniform(): number {
    return (this.bits() >>> 0) / 2 ** 32;
  }

  /** Returns a normal value of mean 0 and standard deviation 1 (Box-Muller transform). */
  gaussian(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** Sequence numbers above are ignored, so that one message cannot allocate much memory. */
export const MAX_SEQUENCE = 2 ** 26;

/** A set of sequence numbers that are mostly consecutive, with one bit for each. */
export class SequenceSet {
  #words = new Uint32Array(4);
  #size = 0;
  #first = Infinity;
  #last = -1;

  /** Adds a number; returns false if it is in the set already, or is no sequence number. */
  add(sequence: number): boolean {
    if (!Number.isInteger(sequence) || sequence < 0 || sequence > MAX_SEQUENCE) return false;
    const word = sequence >>> 5;
    const bit = 1 << (sequence & 31);
    if (word >= this.#words.length) this.#grow(word + 1);
    if (this.#words[word]! & bit) return false;
    this.#words[word]! |= bit;
    this.#size++;
    this.#first = Math.min(this.#first, sequence);
    this.#last = Math.max(this.#last, sequence);
    return true;
  }

  get size(): number {
    return this.#size;
  }

  /** How many numbers there are from the smallest to the largest one of the set, with both. */
  get span(): number {
    return this.#size === 0 ? 0 : this.#last - this.#first + 1;
  }

  #grow(words: number): void {
    const grown = new Uint32Array(Math.max(words, this.#words.length * 2));
    grown.set(this.#words);
    this.#words = grown;
  }
}

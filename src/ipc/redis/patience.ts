/** Measures how long a peer has owed an answer, on one connection, whose answers come in order. */
export class Patience {
  readonly #underWay = new Set<{ readonly sinceMs: number; readonly bytes: number }>();
  #answeredMs = 0;
  #bytes = 0;

  /** Bytes that were sent and not yet answered. */
  get bytesUnderWay(): number {
    return this.#bytes;
  }

  /** Notes something sent; call what it returns when it was answered or has failed. */
  began(bytes: number): () => void {
    const sent = { sinceMs: performance.now(), bytes };
    this.#underWay.add(sent);
    this.#bytes += bytes;
    return () => {
      this.#answeredMs = performance.now();
      this.#underWay.delete(sent);
      this.#bytes -= bytes;
    };
  }

  /** Milliseconds for which answers are owed and none has come; 0 where none is owed. */
  get silentMs(): number {
    const [first] = this.#underWay;
    return first ? performance.now() - Math.max(first.sinceMs, this.#answeredMs) : 0;
  }
}

/** 1 Mbit/s: how fast the slowest of good links is, bytes a millisecond. */
const SLOW_BYTES_PER_MS = 125;
/** Slower than this the peer counts as silent. */
const SLOWEST_BYTES_PER_MS = SLOW_BYTES_PER_MS / 2;
/** Smaller messages show the round trip, not the rate. */
const RATE_BYTES = 10_000;

/** Measures how long a peer has owed an answer, on one connection, whose answers come in order. */
export class TimeoutTracker {
  readonly #inFlight = new Set<{ readonly sinceMs: number; readonly bytes: number }>();
  #answeredMs = 0;
  #bytes = 0;
  #bytesPerMs = SLOWEST_BYTES_PER_MS;

  /** Notes something sent; call what it returns when it was answered, or, with false, has failed. */
  began(bytes: number): (answered: boolean) => void {
    const sent = { sinceMs: performance.now(), bytes };
    this.#inFlight.add(sent);
    this.#bytes += bytes;
    return (answered) => {
      this.#answeredMs = performance.now();
      this.#inFlight.delete(sent);
      this.#bytes -= bytes;
      if (answered && bytes >= RATE_BYTES) this.#learn(bytes / (this.#answeredMs - sent.sinceMs));
    };
  }

  /** What the peer was able to do so far is not to be expected of it any more. */
  forget(): void {
    this.#bytesPerMs = SLOWEST_BYTES_PER_MS;
  }

  /** Milliseconds that what is under way takes a link that has become slow. */
  get slowMs(): number {
    return this.#bytes / SLOW_BYTES_PER_MS;
  }

  /** Milliseconds that what is under way may need to get through: four times what it should. */
  get neededMs(): number {
    return this.#bytes / Math.max(SLOWEST_BYTES_PER_MS, this.#bytesPerMs / 4);
  }

  /** Milliseconds for which answers are owed and none has come; 0 where none is owed. */
  get silentMs(): number {
    const [first] = this.#inFlight;
    return first ? performance.now() - Math.max(first.sinceMs, this.#answeredMs) : 0;
  }

  #learn(bytesPerMs: number): void {
    this.#bytesPerMs += 0.2 * (Math.min(bytesPerMs, 1e6) - this.#bytesPerMs);
  }
}

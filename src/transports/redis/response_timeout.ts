/** Transfer rate of the slowest link that is supported: 1 Mbit/s, in bytes per millisecond. */
const SLOW_BYTES_PER_MS = 125;
/** A peer that acknowledges more slowly counts as silent, in bytes per millisecond. */
const MIN_BYTES_PER_MS = SLOW_BYTES_PER_MS / 2;
/** Smaller messages measure the RTT rather than the transfer rate. */
const MIN_SAMPLE_BYTES = 10_000;
/** Weight of a new sample in the moving average of the transfer rate. */
const RATE_GAIN = 0.2;

/** Measures how long a peer has not responded on a connection whose responses come in order. */
export class TimeoutTracker {
  readonly #inFlight = new Set<{ readonly sentMs: number; readonly bytes: number }>();
  #lastResponseMs = 0;
  #inFlightBytes = 0;
  #bytesPerMs = MIN_BYTES_PER_MS;

  /**
   * Registers a message of `bytes` as sent.
   *
   * @returns a function to call when the message was answered (true) or has failed (false).
   */
  start(bytes: number): (answered: boolean) => void {
    const message = { sentMs: performance.now(), bytes };
    this.#inFlight.add(message);
    this.#inFlightBytes += bytes;
    return (answered) => {
      this.#lastResponseMs = performance.now();
      this.#inFlight.delete(message);
      this.#inFlightBytes -= bytes;
      if (answered && bytes >= MIN_SAMPLE_BYTES) {
        this.#addRateSample(bytes / (this.#lastResponseMs - message.sentMs));
      }
    };
  }

  /** Resets the estimate of the transfer rate. */
  resetRate(): void {
    this.#bytesPerMs = MIN_BYTES_PER_MS;
  }

  /** Transmission time of the bytes in flight on a link of 1 Mbit/s, in milliseconds. */
  get slowTransferMs(): number {
    return this.#inFlightBytes / SLOW_BYTES_PER_MS;
  }

  /** Time to allow for the bytes in flight, in milliseconds: four times the expected one. */
  get allowedTransferMs(): number {
    return this.#inFlightBytes / Math.max(MIN_BYTES_PER_MS, this.#bytesPerMs / 4);
  }

  /** Time since the last response while messages are in flight, in milliseconds; otherwise 0. */
  get silentMs(): number {
    const [oldest] = this.#inFlight;
    return oldest ? performance.now() - Math.max(oldest.sentMs, this.#lastResponseMs) : 0;
  }

  #addRateSample(bytesPerMs: number): void {
    this.#bytesPerMs += RATE_GAIN * (Math.min(bytesPerMs, 1e6) - this.#bytesPerMs);
  }
}

/** An outage as the devices and the readers of a fleet saw it; times in seconds since the start. */
export interface Outage {
  /** When the first connection was lost. */
  readonly startS: number;
  /**
   * The smallest number of connections that were usable at once; those that began again between two
   * samples count as if all had been unusable together.
   */
  fewestReady: number;
  /** When a connection was usable again; undefined if none was. */
  firstBackS?: number;
  /** When all connections were usable again; undefined if the run ended before. */
  allBackS?: number;
  /** When all readers were subscribed again; undefined if the run ended before. */
  readersBackS?: number;
  /** The largest number of connections begun in one second before the first one was usable. */
  peakAttemptsBefore: number;
  /** The largest number of connections begun in one second from then on. */
  peakAttemptsAfter: number;
}

/** What is known of the connections at one time. */
export interface ConnectionSample {
  readonly atS: number;
  /** Connections of devices that are usable. */
  readonly ready: number;
  /** Connections of devices begun so far. */
  readonly attempts: number;
  /** Whether all readers are subscribed. */
  readonly readersReady: boolean;
}

/** Window in which connections are counted, in seconds. */
const WINDOW_S = 1;

/** Finds the outages in regular samples of the connections. */
export class OutageRecorder {
  readonly #total: number;
  readonly outages: Outage[] = [];
  readonly #window: ConnectionSample[] = [];
  #isUp = false;
  /** Connections begun until the last sample. */
  #attempts = 0;

  /** @param total number of connections of devices when all are usable */
  constructor(total: number) {
    this.#total = total;
  }

  /** Takes the next sample; one every 100 ms, for example. */
  add(sample: ConnectionSample): void {
    const { atS, ready, readersReady } = sample;
    const attempts = this.#attemptsInWindow(sample);
    const begun = sample.attempts - this.#attempts;
    this.#attempts = sample.attempts;
    const complete = ready === this.#total && readersReady;
    // Before all were usable once, the fleet starts.
    if (!this.#isUp) {
      this.#isUp = complete;
      return;
    }
    let outage = this.outages.at(-1);
    if (!outage || isOver(outage)) {
      // An outage may begin and end between two samples.
      if (complete && begun === 0) return;
      const fewestReady = Math.min(ready, Math.max(0, this.#total - begun));
      outage = { startS: atS, fewestReady, peakAttemptsBefore: 0, peakAttemptsAfter: 0 };
      this.outages.push(outage);
    }
    if (ready > outage.fewestReady) outage.firstBackS ??= atS;
    else if (ready < outage.fewestReady) {
      outage.fewestReady = ready;
      delete outage.firstBackS;
    }
    if (ready === this.#total) outage.allBackS ??= atS;
    if (readersReady) outage.readersBackS ??= atS;
    else delete outage.readersBackS;
    const before = outage.firstBackS === undefined;
    if (before) outage.peakAttemptsBefore = Math.max(outage.peakAttemptsBefore, attempts);
    else outage.peakAttemptsAfter = Math.max(outage.peakAttemptsAfter, attempts);
  }

  #attemptsInWindow(sample: ConnectionSample): number {
    this.#window.push(sample);
    while (sample.atS - this.#window[0]!.atS > WINDOW_S) this.#window.shift();
    return sample.attempts - this.#window[0]!.attempts;
  }
}

function isOver({ allBackS, readersBackS }: Outage): boolean {
  return allBackS !== undefined && readersBackS !== undefined;
}

import type { Clock } from "../telemetry/clock.ts";
import type { RegionSample } from "../vision/region_sample.ts";

/** Interval between two lines on a terminal, which replace each other, and elsewhere. */
const TERMINAL_INTERVAL_US = 200_000;
const LOG_INTERVAL_US = 10_000_000;

/** The recording that is measured. */
export interface Step {
  readonly name: string;
  /** Its position among all recordings, from 1. */
  readonly number: number;
  readonly total: number;
  /** Duration in seconds, if it is known. */
  readonly durationS?: number | undefined;
}

/** Writes how far the measurement has advanced: on a terminal in one line, elsewhere every 10 s. */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #terminal: boolean;
  readonly #clock: Pick<Clock, "monotonicUs">;
  readonly #startUs: number;
  #writtenUs: number;
  #width = 0;

  /** @param terminal true if a carriage return starts the same line again */
  constructor(
    { write, terminal, clock }: {
      readonly write: (text: string) => void;
      readonly terminal: boolean;
      readonly clock: Pick<Clock, "monotonicUs">;
    },
  ) {
    [this.#write, this.#terminal, this.#clock] = [write, terminal, clock];
    this.#startUs = this.#writtenUs = clock.monotonicUs();
  }

  /** Yields the samples of a recording, and writes the progress meanwhile. */
  async *watch(
    samples: AsyncIterable<RegionSample> | Iterable<RegionSample>,
    step: Step,
  ): AsyncGenerator<RegionSample> {
    let firstUs: number | undefined;
    for await (const sample of samples) {
      firstUs ??= sample.timeUs;
      this.#update(step, (sample.timeUs - firstUs) / 1e6);
      yield sample;
    }
  }

  /** Removes the line from a terminal. */
  end(): void {
    if (this.#width) this.#write(`\r${" ".repeat(this.#width)}\r`);
    this.#width = 0;
  }

  #update({ name, number, total, durationS }: Step, measuredS: number): void {
    const nowUs = this.#clock.monotonicUs();
    const intervalUs = this.#terminal ? TERMINAL_INTERVAL_US : LOG_INTERVAL_US;
    if (nowUs - this.#writtenUs < intervalUs) return;
    this.#writtenUs = nowUs;
    const elapsedS = (nowUs - this.#startUs) / 1e6;
    const text = [
      total > 1 ? `Measuring recording ${number} of ${total} (${name})` : "Measuring",
      `: ${measuredS.toFixed(0)} s`,
      durationS ? ` of ${durationS.toFixed(0)} s` : "",
      `, after ${elapsedS.toFixed(0)} s`,
    ].join("");
    this.#write(this.#terminal ? `\r${text.padEnd(this.#width)}` : `${text}\n`);
    if (this.#terminal) this.#width = text.length;
  }
}

import type { MonotonicUs } from "../base/time.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";

/** Interval of the reports, in microseconds. Chosen. */
const INTERVAL_US = 10_000_000;

/** Reports how fast a recording is processed: every 10 s, and at the end. */
export class ProcessingRate {
  readonly #clock: Pick<Clock, "monotonicUs">;
  readonly #log: Log;
  #startUs = 0;
  #reportedUs = 0;
  /** Capture times of the first and the newest frame. */
  #firstUs: MonotonicUs | undefined;
  #newestUs = 0;
  #frames = 0;

  constructor({ clock, log }: { readonly clock: Pick<Clock, "monotonicUs">; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Call for each frame that was processed. */
  onFrame(timeUs: MonotonicUs): void {
    const nowUs = this.#clock.monotonicUs();
    if (this.#firstUs === undefined) {
      this.#firstUs = timeUs;
      this.#startUs = this.#reportedUs = nowUs;
    }
    this.#newestUs = timeUs;
    this.#frames++;
    if (nowUs - this.#reportedUs >= INTERVAL_US) this.#report("Processing", nowUs);
  }

  /** Call when the input has ended. */
  end(): void {
    if (this.#firstUs !== undefined) this.#report("Processed", this.#clock.monotonicUs());
  }

  #report(verb: string, nowUs: number): void {
    this.#reportedUs = nowUs;
    const elapsedS = Math.max(1, nowUs - this.#startUs) / 1e6;
    const inputS = (this.#newestUs - this.#firstUs!) / 1e6;
    this.#log.info(`${verb} the input as fast as possible`, {
      input_seconds: Number(inputS.toFixed(1)),
      frames_per_second: Math.round(this.#frames / elapsedS),
      times_real_time: Number((inputS / elapsedS).toFixed(1)),
    });
  }
}

import { nativeBoottimeUs, nativeMonotonicUs } from "../../../ffi/library.ts";
import { type MonotonicUs, monotonicUs } from "../../base/time.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { clockOffsetUs } from "../clock_offset.ts";

/** A clock of the system by which a camera may stamp its frames. */
type SystemClockName = "monotonic" | "boottime";

/** Age of a frame at its arrival that is possible, in microseconds. Chosen. */
const AGE_US = { min: -2_000, max: 5_000_000 } as const;

/**
 * Converts sensor timestamps to the clock of the program.
 *
 * libcamera documents CLOCK_BOOTTIME; on the Pi, however, it passes on the time of the V4L2 buffer,
 * which the drivers unicam and rp1-cfe read from CLOCK_MONOTONIC. The two are equal until the machine
 * is suspended, and differ by the length of the suspension from then on. The clock by which the age of
 * a frame is possible is the right one.
 */
export class SensorClock {
  readonly #clock: Clock;
  readonly #readers: Readonly<Record<SystemClockName, () => number>>;
  #offsetsUs: Readonly<Record<SystemClockName, number>> | undefined;
  #used: SystemClockName = "monotonic";

  /** @param readers the clocks of the system in microseconds, replaceable in tests */
  constructor(
    clock: Clock,
    readers: Readonly<Record<SystemClockName, () => number>> = {
      monotonic: nativeMonotonicUs,
      boottime: nativeBoottimeUs,
    },
  ) {
    this.#clock = clock;
    this.#readers = readers;
  }

  /**
   * Returns the capture time of a frame; undefined if no clock makes its age possible.
   *
   * @param sensorUs timestamp of the sensor in microseconds
   * @param arrivalUs time at which the frame arrived
   */
  captureUs(sensorUs: number, arrivalUs: MonotonicUs): MonotonicUs | undefined {
    const known = this.#offsetsUs && this.#convert(sensorUs, arrivalUs, this.#offsetsUs);
    if (known !== undefined) return known;
    // At the start, and after a suspension, during which CLOCK_BOOTTIME advances.
    this.#offsetsUs = {
      monotonic: clockOffsetUs(this.#clock, this.#readers.monotonic),
      boottime: clockOffsetUs(this.#clock, this.#readers.boottime),
    };
    return this.#convert(sensorUs, arrivalUs, this.#offsetsUs);
  }

  #convert(
    sensorUs: number,
    arrivalUs: number,
    offsetsUs: Readonly<Record<SystemClockName, number>>,
  ): MonotonicUs | undefined {
    const other = this.#used === "monotonic" ? "boottime" : "monotonic";
    for (const name of [this.#used, other] as const) {
      const captureUs = Math.round(sensorUs + offsetsUs[name]);
      const ageUs = arrivalUs - captureUs;
      if (ageUs < AGE_US.min || ageUs > AGE_US.max) continue;
      this.#used = name;
      return monotonicUs(captureUs);
    }
    return undefined;
  }
}

import assert from "node:assert/strict";
import { nativeBoottimeUs, nativeMonotonicUs } from "../../../../ffi/library.ts";
import { monotonicUs } from "../../../../src/base/time.ts";
import { SensorClock } from "../../../../src/capture/libcamera/sensor_clock.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";

/** Clocks of a machine whose times are set by a test, in microseconds. */
class Machine extends SystemClock {
  nowUs = 100_000_000;
  suspendedUs = 0;
  readonly sensorClock = new SensorClock(this, {
    monotonic: () => this.#systemUs,
    boottime: () => this.#systemUs + this.suspendedUs,
  });

  /** CLOCK_MONOTONIC has another origin than the clock of the program. */
  get #systemUs() {
    return this.nowUs + 7_000_000;
  }

  override monotonicUs() {
    return monotonicUs(this.nowUs);
  }

  /** Returns the measured age of a frame that was captured `ageUs` ago. */
  ageOf(ageUs: number, clock: "monotonic" | "boottime"): number | undefined {
    const sensorUs = this.#systemUs - ageUs + (clock === "boottime" ? this.suspendedUs : 0);
    const captureUs = this.sensorClock.captureUs(sensorUs, this.monotonicUs());
    return captureUs === undefined ? undefined : this.nowUs - captureUs;
  }
}

Deno.test("SensorClock converts the time of a sensor by either clock, without a suspension", () => {
  for (const clock of ["monotonic", "boottime"] as const) {
    assert.equal(new Machine().ageOf(40_000, clock), 40_000);
  }
});

Deno.test("SensorClock finds the clock of the sensor after a suspension", () => {
  for (const suspendedUs of [200_000, 4_000_000, 3_600_000_000]) {
    for (const clock of ["monotonic", "boottime"] as const) {
      const machine = new Machine();
      machine.suspendedUs = suspendedUs;
      assert.equal(machine.ageOf(40_000, clock), 40_000, `${clock} after ${suspendedUs}`);
    }
  }
});

Deno.test("SensorClock follows a suspension while the camera is read", () => {
  for (const clock of ["monotonic", "boottime"] as const) {
    const machine = new Machine();
    assert.equal(machine.ageOf(40_000, clock), 40_000);
    machine.suspendedUs = 60_000_000;
    machine.nowUs += 33_333;
    assert.equal(machine.ageOf(40_000, clock), 40_000, clock);
  }
});

Deno.test("SensorClock refuses times at which no frame can have been captured", () => {
  const ages = [[-10_000, false], [-1_000, true], [4_900_000, true], [5_100_000, false]] as const;
  for (const [ageUs, isPossible] of ages) {
    assert.equal(new Machine().ageOf(ageUs, "monotonic"), isPossible ? ageUs : undefined);
  }
});

Deno.test("SensorClock reads the clocks of the system", () => {
  const clock = new SystemClock();
  for (const readUs of [nativeMonotonicUs, nativeBoottimeUs]) {
    const capturedUs = new SensorClock(clock).captureUs(readUs() - 50_000, clock.monotonicUs());
    const ageUs = clock.monotonicUs() - capturedUs!;
    assert.ok(ageUs >= 50_000 && ageUs < 500_000, `${ageUs}`);
  }
});

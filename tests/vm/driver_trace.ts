import type { Machine } from "./machine.ts";

const TRACING = "/sys/kernel/tracing";

/** The kernel's trace of the frames that programs take from drivers of video4linux. */
export class DriverTrace {
  /** Starts the trace. */
  static async start(machine: Machine): Promise<DriverTrace> {
    await machine.check(
      `modprobe videodev && mount -t tracefs trace ${TRACING} && ` +
        `echo 1 >${TRACING}/events/v4l2/v4l2_dqbuf/enable`,
    );
    return new DriverTrace(machine);
  }

  private constructor(private readonly machine: Machine) {}

  async clear(): Promise<void> {
    await this.machine.check(`echo >${TRACING}/trace`);
  }

  /**
   * Returns the capture times of the traced frames in microseconds since the Unix epoch, in order. The
   * drivers stamp by the monotonic clock; the kernel's list of timers has the offset of the system
   * clock from it.
   */
  async captureTimesUs(): Promise<number[]> {
    const output = await this.machine.check(
      `sed -n "s/.*v4l2_dqbuf:.* timestamp = \\([0-9]*\\),.*/frame \\1/p" ${TRACING}/trace; ` +
        `grep -m 1 -A 6 "clock 1:" /proc/timer_list`,
    );
    const offset = /\.offset:\s*(\d+) nsecs/.exec(output)?.[1];
    if (offset === undefined) throw new Error(`Cannot find the system clock in ${output}`);
    return [...output.matchAll(/^frame (\d+)/gm)].map(([, ns]) =>
      Number((BigInt(ns!) + BigInt(offset)) / 1000n)
    );
  }
}

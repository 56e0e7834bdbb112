import type { Machine } from "./machine.ts";

const TRACING = "/sys/kernel/tracing";

/** The kernel's trace of the frames that programs take from drivers of video4linux. */
export class DriverTrace {
  /** Starts the trace, by the monotonic clock. */
  static async start(machine: Machine): Promise<DriverTrace> {
    await machine.check(
      `modprobe videodev && mount -t tracefs trace ${TRACING} && echo mono >${TRACING}/trace_clock && ` +
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
   * drivers stamp by the monotonic clock; between the clocks lies what the trace and the kernel's own
   * clock show at one moment, to within a millisecond or two.
   */
  async captureTimesUs(): Promise<number[]> {
    const output = await this.machine.check(
      `echo before >${TRACING}/trace_marker; adjtimex; echo after >${TRACING}/trace_marker; ` +
        `sed -n "s/.*v4l2_dqbuf:.* timestamp = \\([0-9]*\\),.*/frame \\1/p; ` +
        `s/.* \\([0-9.]*\\): tracing_mark_write: \\(.*\\)/\\2 \\1/p" ${TRACING}/trace`,
    );
    const last = (pattern: RegExp) => Number([...output.matchAll(pattern)].at(-1)![1]);
    const wallUs = last(/time\.tv_sec:\s*(\d+)/g) * 1e6 + last(/time\.tv_usec:\s*(\d+)/g);
    const monotonicUs = (last(/^before (\S+)/gm) + last(/^after (\S+)/gm)) / 2 * 1e6;
    return [...output.matchAll(/^frame (\d+)/gm)].map(([, ns]) =>
      Number(ns) / 1000 + wallUs - monotonicUs
    );
  }
}

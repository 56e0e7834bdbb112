/** A rate per minute over time: a number, or steps such as `60,100@30,0@45`. */
export type RateSchedule = number | string;

interface Step {
  readonly fromS: number;
  readonly perMinute: number;
}

/**
 * Reads a schedule: the first rate holds from the start, each `RATE@SECONDS` from that moment on.
 *
 * @returns the rate per minute at a time in seconds.
 * @throws {RangeError} for what is no schedule.
 */
export function rateAt(schedule: RateSchedule): (timeS: number) => number {
  const steps = String(schedule).split(",").map(parseStep);
  for (const [i, { fromS, perMinute }] of steps.entries()) {
    const before = steps[i - 1];
    if (!(perMinute >= 0) || !(before ? fromS > before.fromS : fromS === 0)) {
      throw new RangeError(
        `Cannot read the rates: write RATE, or RATE,RATE@SECONDS with growing seconds: current value is ${schedule}`,
      );
    }
  }
  return (timeS) => steps.findLast(({ fromS }) => timeS >= fromS)?.perMinute ?? 0;
}

function parseStep(text: string): Step {
  const [rate, from = "0", ...rest] = text.split("@");
  if (rest.length || rate?.trim() === "" || from.trim() === "") return { fromS: 0, perMinute: NaN };
  return { perMinute: Number(rate), fromS: Number(from) };
}

/** Rate per minute over time: a constant, or steps such as `60,100@30,0@45`. */
export type RateSchedule = number | string;

/** A rate that applies from a time on. */
export interface ScheduledRate {
  readonly fromS: number;
  readonly perMinute: number;
}

/**
 * Returns a function from a time in seconds to the rate per minute.
 *
 * @throws {RangeError} if the text is not a schedule.
 */
export function rateAt(schedule: RateSchedule): (timeS: number) => number {
  const steps = parseSchedule(schedule);
  return (timeS) => steps.findLast(({ fromS }) => timeS >= fromS)?.perMinute ?? 0;
}

/**
 * Parses a schedule: the first rate applies from the start, each `RATE@SECONDS` from that time on.
 *
 * @throws {RangeError} if the text is not a schedule.
 */
export function parseSchedule(schedule: RateSchedule): readonly ScheduledRate[] {
  const steps = String(schedule).split(",").map(parseStep);
  for (const [i, { fromS, perMinute }] of steps.entries()) {
    const before = steps[i - 1];
    if (!(perMinute >= 0) || !(before ? fromS > before.fromS : fromS === 0)) {
      throw new RangeError(
        "Cannot parse the rate schedule: it must be RATE or RATE,RATE@SECONDS with increasing " +
          `seconds: current value is ${schedule}`,
      );
    }
  }
  return steps;
}

function parseStep(text: string): ScheduledRate {
  const [rate, from = "0", ...rest] = text.split("@");
  if (rest.length || rate?.trim() === "" || from.trim() === "") {
    return { fromS: NaN, perMinute: NaN };
  }
  return { perMinute: Number(rate), fromS: Number(from) };
}

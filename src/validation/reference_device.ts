import type { Interval } from "./agreement.ts";
import type { Reference } from "./reference.ts";
import { TableError } from "./table.ts";

/** The device that measured the reference of the pulse. */
export interface ReferenceDevice {
  readonly name?: string;
  /** Its measuring range in beats/min, as its maker states. */
  readonly range?: Interval;
}

/** The pattern of a measuring range, such as `30-240`. */
export const RANGE_PATTERN = {
  regex: /^\d+(?:\.\d+)?-\d+(?:\.\d+)?$/,
  description: "a range of rates, such as 30-240",
} as const;

/**
 * Returns the device with this name and this measuring range.
 *
 * @throws {TableError} if the range is invalid
 */
export function deviceOf(name: string | undefined, range: string | undefined): ReferenceDevice {
  return {
    ...(name !== undefined ? { name } : {}),
    ...(range !== undefined ? { range: parseRange(range) } : {}),
  };
}

function parseRange(text: string): Interval {
  const [low, high] = text.split("-").map(Number);
  if (!RANGE_PATTERN.regex.test(text) || !(low! < high!)) {
    throw new TableError(
      `The range of the reference device must be ${RANGE_PATTERN.description}: ` +
        `current value is ${text}`,
    );
  }
  return [low!, high!];
}

/** Returns a reference without the values outside a range; `onOutside` is called for each. */
export function withinRange(
  { description, rateAt }: Reference,
  [low, high]: Interval,
  onOutside: () => void,
): Reference {
  return {
    description,
    rateAt(endS, windowS) {
      const rate = rateAt(endS, windowS);
      if (rate === undefined || (rate >= low && rate <= high)) return rate;
      onOutside();
      return undefined;
    },
  };
}

/** Describes a device in one line for a report. */
export function describeDevice({ name = "not stated", range }: ReferenceDevice): string {
  return `${name}, ${
    range ? `measuring range ${range[0]} to ${range[1]} beats/min` : "range not stated"
  }`;
}

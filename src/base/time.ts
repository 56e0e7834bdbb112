declare const origin: unique symbol;

/**
 * Microseconds of the monotonic clock, since an arbitrary origin. A time of this type cannot be
 * passed where a time since the Unix epoch is expected.
 */
export type MonotonicUs = number & { readonly [origin]: "monotonic" };

/** Microseconds since the Unix epoch. */
export type EpochUs = number & { readonly [origin]: "epoch" };

/** Marks a number as monotonic time, such as the sum of a monotonic time and a duration. */
export function monotonicUs(us: number): MonotonicUs {
  return us as MonotonicUs;
}

/** Marks a number as time since the Unix epoch. */
export function epochUs(us: number): EpochUs {
  return us as EpochUs;
}

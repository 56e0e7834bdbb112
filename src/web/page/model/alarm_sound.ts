import type { Alarm, Priority } from "../protocol.ts";

/** A burst of tones of an alarm: IEC 60601-1-8, table 3, for each priority. */
export interface Burst {
  /** Starts of the pulses, in seconds. */
  readonly startsS: readonly number[];
  readonly pulseS: number;
  readonly frequencyHz: number;
  /** Time from a burst to the next, in seconds. */
  readonly intervalS: number;
}

/** A pulse starts each 0.3 s, with a pause of 0.6 s after the third, and of 1.2 s after the fifth. */
const HIGH_STARTS_S = [0, 0.3, 0.6, 1.2, 1.5];

export const BURSTS: Readonly<Record<Priority, Burst>> = {
  high: {
    startsS: [...HIGH_STARTS_S, ...HIGH_STARTS_S.map((start) => start + 2.5)],
    pulseS: 0.15,
    frequencyHz: 880,
    intervalS: 8,
  },
  medium: { startsS: [0, 0.4, 0.8], pulseS: 0.2, frequencyHz: 660, intervalS: 12 },
  low: { startsS: [0, 0.4], pulseS: 0.2, frequencyHz: 440, intervalS: 24 },
};

/** Returns the priority to sound: the highest of the alarms that are not acknowledged. */
export function audiblePriority(alarms: readonly Alarm[]): Priority | undefined {
  const pending = alarms.filter(({ acknowledged }) => !acknowledged);
  return (["high", "medium", "low"] as const).find((priority) =>
    pending.some((alarm) => alarm.priority === priority)
  );
}

import { PRIORITIES, type Priority } from "./rules.ts";

/** An alarm as clients receive it. Times are in microseconds since the Unix epoch. */
export interface Alarm {
  readonly device: string;
  /** Name of the rule. */
  readonly rule: string;
  readonly priority: Priority;
  /** `latched`: the condition has ended, and the alarm is not acknowledged yet. */
  readonly state: "active" | "latched";
  readonly acknowledged: boolean;
  /** When the condition began. */
  readonly since: number;
  /** The condition in a few words, for the operator. */
  readonly message: string;
  /** The value that completed the dwell, per minute. */
  readonly value?: number;
  /** The limit that it is outside of. */
  readonly limit?: number;
  readonly acknowledged_at?: number;
}

/** A change of an alarm, with the alarm after the change; that of `removed` is the last one. */
export interface AlarmChange {
  readonly kind: "raised" | "ended" | "acknowledged" | "removed";
  readonly alarm: Alarm;
}

/** Orders alarms by priority, then by the time of their beginning, then by name. */
export function compareAlarms(a: Alarm, b: Alarm): number {
  return PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) ||
    a.since - b.since || compareText(a.device, b.device) || compareText(a.rule, b.rule);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

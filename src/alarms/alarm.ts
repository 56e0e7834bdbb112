import type { StatusName } from "../vitals/condition/status_table.ts";
import { PRIORITIES, type Priority, type Vital } from "./rules.ts";

/** The condition of an alarm, for clients that describe it in their own words. */
export type AlarmCause =
  | {
    readonly condition: "limit";
    readonly vital: Vital;
    readonly side: "above" | "below";
    /** Per minute. */
    readonly limit: number;
  }
  | { readonly condition: "apnea" }
  | { readonly condition: "silent" }
  | {
    readonly condition: "no_trusted_value";
    readonly vital: Vital;
    /** Time without a trusted value, in seconds. */
    readonly after_s: number;
  }
  | { readonly condition: "status"; readonly status: StatusName };

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
  readonly cause: AlarmCause;
  /** The cause in a few words, for the operator. */
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

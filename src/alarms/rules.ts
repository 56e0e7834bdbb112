import type { StatusName } from "../vitals/condition/status_table.ts";

/** The vital signs that have limits. */
export const VITALS = ["pulse", "breathing"] as const;
export type Vital = typeof VITALS[number];

/** Priorities in descending order, with the meaning of those of IEC 60601-1-8. */
export const PRIORITIES = ["high", "medium", "low"] as const;
export type Priority = typeof PRIORITIES[number];

interface Rule {
  /** Unique among the rules. */
  readonly name: string;
  readonly priority: Priority;
  /** Names of devices, or patterns such as `ward-a-*`. */
  readonly devices: readonly string[];
}

/** A condition of the measurement that must last before it is an alarm. */
interface WithDwell {
  /** Time that the condition must last, in seconds of capture time. */
  readonly dwellS: number;
}

/** An alarm while a vital sign is outside its limits. */
export interface LimitRule extends Rule, WithDwell {
  readonly condition: "limit";
  readonly vital: Vital;
  /** Per minute; a value above it is outside. */
  readonly above?: number;
  /** Per minute; a value below it is outside. */
  readonly below?: number;
  /** How far inside its limit a value must be to end the alarm, per minute. */
  readonly hysteresis: number;
}

/** An alarm while a pause in breathing is detected. */
export interface ApneaRule extends Rule, WithDwell {
  readonly condition: "apnea";
}

/** An alarm while a device has one of these statuses. */
export interface StatusRule extends Rule, WithDwell {
  readonly condition: "status";
  readonly statuses: readonly StatusName[];
}

/** An alarm while nothing is received from a device. */
export interface SilentRule extends Rule {
  readonly condition: "silent";
  /** Time since the last envelope, in seconds. */
  readonly afterS: number;
}

/** An alarm while a device that publishes metrics has no trusted value. */
export interface NoTrustedValueRule extends Rule {
  readonly condition: "no_trusted_value";
  readonly vital: Vital;
  /** Capture time without a trusted value, in seconds. */
  readonly afterS: number;
}

export type AlarmRule = LimitRule | ApneaRule | StatusRule | SilentRule | NoTrustedValueRule;

export interface AlarmRules {
  readonly rules: readonly AlarmRule[];
  /** Confidence below which a value is treated as withheld, from 0 to 1. */
  readonly minConfidence: number;
}

/** The rules of a page without a file: a device that is silent. */
export const BUILT_IN_RULES: AlarmRules = {
  rules: [{ name: "silent", condition: "silent", afterS: 5, priority: "medium", devices: ["*"] }],
  minConfidence: 0,
};

import { isRecord, recordOf, strictOf } from "../envelopes/received.ts";
import type { LimitRule, Vital } from "./rules.ts";

type Payload = Readonly<Record<string, unknown>>;

/**
 * How an envelope relates to the condition of a rule. `unknown` neither continues nor ends it: the
 * value is withheld, or between the limit and its hysteresis.
 */
export type Assessment =
  | { readonly is: "outside"; readonly value?: number; readonly limit?: number }
  | { readonly is: "inside" }
  | { readonly is: "unknown" };

const INSIDE: Assessment = { is: "inside" };
const UNKNOWN: Assessment = { is: "unknown" };

/** Returns the value of a vital sign to show to a person, if it has the confidence; else undefined. */
export function trustedValue(
  payload: Payload,
  { vital, minConfidence }: { readonly vital: Vital; readonly minConfidence: number },
): number | undefined {
  const { value, confidence } = strictOf(payload, vital);
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  const isConfident = minConfidence === 0 || Number(confidence) >= minConfidence;
  return isConfident ? value : undefined;
}

/** Compares a value with its limits; while the alarm is active, it must pass the hysteresis to end it. */
export function assessLimit(
  { above, below, hysteresis }: LimitRule,
  value: number | undefined,
  isActive: boolean,
): Assessment {
  if (value === undefined) return UNKNOWN;
  if (above !== undefined && value > above) return { is: "outside", value, limit: above };
  if (below !== undefined && value < below) return { is: "outside", value, limit: below };
  const margin = isActive ? hysteresis : 0;
  const isInside = (above === undefined || value <= above - margin) &&
    (below === undefined || value >= below + margin);
  return isInside ? INSIDE : UNKNOWN;
}

/** Returns whether the newest reliable sample of the message detects a pause in breathing. */
export function assessApnea({ breathing }: Payload): Assessment {
  const samples = recordOf(breathing)["apnea"];
  if (!Array.isArray(samples)) return UNKNOWN;
  const newest = samples.findLast((sample) => isRecord(sample) && sample["stable"] === true);
  if (newest === undefined) return UNKNOWN;
  return newest.detected === true ? { is: "outside" } : INSIDE;
}

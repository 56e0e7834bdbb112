import type { VitalName } from "./device.ts";

/** Shown if there is no value. */
export const NO_VALUE = "–";

/** Returns a value as shown: pulse without, breathing with one decimal in the detail view. */
export function formatVital(
  value: number | undefined,
  { vital, detailed = false }: { readonly vital: VitalName; readonly detailed?: boolean },
): string {
  if (value === undefined) return NO_VALUE;
  return value.toFixed(vital === "breathing" && detailed ? 1 : 0);
}

/** Returns a confidence in percent; as a probability it is never shown as 100 %. */
export function formatConfidence(confidence: number | undefined): string {
  if (confidence === undefined) return "";
  return confidence > 0.99 ? "> 99 %" : `${Math.round(confidence * 100)} %`;
}

/** Number of bars, from 0 to 4, for a confidence; each is a step of the probability of an error. */
export function qualityBars(confidence: number | undefined): number {
  if (confidence === undefined) return 0;
  return [0, 0.7, 0.85, 0.95].filter((limit) => confidence >= limit).length;
}

/** The range of the values that are not null, such as "58 to 72"; empty if there is none. */
export function formatRange(values: readonly (number | null)[]): string {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? NO_VALUE : `${low.toFixed(0)}–${high.toFixed(0)}`;
}

import { STATUS_TABLE, type StatusName } from "../vitals/condition/status_table.ts";
import type { AlarmRule, Vital } from "./rules.ts";

const NAMES: Readonly<Record<Vital, string>> = { pulse: "Pulse", breathing: "Breathing" };

/** Describes the condition of a rule in a few words, for the operator. */
export function describe(
  rule: AlarmRule,
  { limit, status }: { readonly limit?: number; readonly status?: StatusName },
): string {
  switch (rule.condition) {
    case "limit":
      return `${NAMES[rule.vital]} ${limit === rule.above ? "above" : "below"} ${limit}`;
    case "apnea":
      return "Pause in breathing";
    case "silent":
      return "No data from the device";
    case "no_trusted_value":
      return `No trusted value of the ${rule.vital} for ${duration(rule.afterS)}`;
    case "status":
      return STATUS_TABLE[status ?? rule.statuses[0]!].message.replace(/\.$/, "");
  }
}

function duration(seconds: number): string {
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

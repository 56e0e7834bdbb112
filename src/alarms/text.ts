import { STATUS_TABLE } from "../vitals/condition/status_table.ts";
import type { AlarmCause } from "./alarm.ts";
import type { Vital } from "./rules.ts";

const NAMES: Readonly<Record<Vital, string>> = { pulse: "Pulse", breathing: "Breathing" };

/** Describes the cause of an alarm in a few words, for the operator. */
export function describe(cause: AlarmCause): string {
  switch (cause.condition) {
    case "limit":
      return `${NAMES[cause.vital]} ${cause.side} ${cause.limit}`;
    case "apnea":
      return "Pause in breathing";
    case "silent":
      return "No data from the device";
    case "no_trusted_value":
      return `No trusted value of the ${cause.vital} for ${duration(cause.after_s)}`;
    case "status":
      return STATUS_TABLE[cause.status].message.replace(/\.$/, "");
  }
}

function duration(seconds: number): string {
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

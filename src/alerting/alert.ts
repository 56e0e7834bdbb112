import { node } from "../base/node.ts";
import type { Alarm } from "../alarms/alarm.ts";
import type { Priority } from "../alarms/rules.ts";

/** What is sent about an alarm. Times are in microseconds since the Unix epoch. */
export interface Alert {
  /** The same for each delivery of this alert, so that a receiver can ignore repeated ones. */
  readonly id: string;
  readonly event: AlertEvent;
  /** When the alert was made. */
  readonly time: number;
  readonly device: string;
  readonly rule: string;
  readonly priority: Priority;
  readonly message: string;
  /** When the condition began, on capture time. */
  readonly since: number;
  readonly value?: number;
  readonly limit?: number;
}

export type AlertEvent = "raised" | "ended" | "reminder";

/** What is sent of an alarm, or of a problem of the service itself. */
export type AlarmSummary = Pick<
  Alarm,
  "device" | "rule" | "priority" | "message" | "since" | "value" | "limit"
>;

/** Makes the alert for an event of an alarm. */
export function alertOf(
  event: AlertEvent,
  { device, rule, priority, message, since, value, limit }: AlarmSummary,
  time: number,
): Alert {
  const occasion = event === "reminder" ? `${event} ${time}` : event;
  const identity = JSON.stringify([device, rule, since, occasion]);
  const id = node.crypto.createHash("sha256").update(identity).digest("hex").slice(0, 32);
  return {
    id,
    event,
    time,
    device,
    rule,
    priority,
    message,
    since,
    ...value !== undefined && { value },
    ...limit !== undefined && { limit },
  };
}

/** The alert in one line, for a person. */
export function sentenceOf({ event, device, message, value }: Alert): string {
  const shown = value === undefined || event === "ended" ? "" : ` (${Math.round(value)})`;
  const prefix = { raised: "", ended: "Ended: ", reminder: "Still: " }[event];
  return `${prefix}${device}: ${message}${shown}`;
}

import type { Alert } from "../../src/alerting/alert.ts";
import type { Notifier } from "../../src/alerting/notifier.ts";
import { readAlertRules } from "../../src/alerting/targets.ts";
import { type Log, silentLog } from "../../src/telemetry/log.ts";
import { PULSE_HIGH } from "./alarms.ts";

/** An alert with every value. */
export const ALERT: Alert = {
  id: "5f2c0d5e",
  event: "raised",
  time: 1_767_225_612_345_678,
  device: "bett-ü",
  rule: "high",
  priority: "high",
  message: "Pulse above 120",
  since: 1_767_225_602_200_000,
  value: 131.2,
  limit: 120,
};

/** Opens the target of an entry of `notify`. */
export async function openTarget(target: object, log: Log = silentLog): Promise<Notifier> {
  const text = JSON.stringify({ rules: [PULSE_HIGH], notify: [target] });
  const [opened] = readAlertRules("rules.json", () => text).targets;
  return await opened!.open({ log });
}

/** Sends an alert to the target of an entry of `notify`; returns the error, if there is one. */
export async function sendTo(
  target: object,
  { alert = ALERT, signal = AbortSignal.timeout(20_000) }: {
    readonly alert?: Alert;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<Error | undefined> {
  await using notifier = await openTarget(target);
  return await notifier.send(alert, signal).then(() => undefined, (error) => error as Error);
}

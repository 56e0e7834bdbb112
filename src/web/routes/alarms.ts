import { parseUntrusted } from "../../envelopes/untrusted.ts";
import { isRecord } from "../../envelopes/received.ts";
import type { AlarmMonitor } from "../alarm_monitor.ts";
import type { Hub } from "../hub.ts";
import { readJsonBody } from "../requests.ts";
import { errorResponse, jsonResponse } from "../responses.ts";
import type { Route } from "./route.ts";

/** `/v1/alarms`: the list of alarms, and their acknowledgement. */
export function alarmRoutes(hub: Pick<Hub, "alarms">, monitor: AlarmMonitor): readonly Route[] {
  return [{
    method: "GET",
    path: "/v1/alarms",
    handle: () => jsonResponse({ alarms: hub.alarms ?? [] }),
  }, {
    method: "POST",
    path: "/v1/alarms/acknowledge",
    handle: async (request) => {
      const body = await readJsonBody(request);
      if (body instanceof Response) return body;
      const target = targetOf(parseUntrusted(new TextDecoder().decode(body)));
      if (target === "invalid") {
        return errorResponse(
          400,
          'The request must be {} or name a "device", and may name a "rule"',
        );
      }
      return jsonResponse({ alarms: monitor.acknowledge(target) });
    },
  }];
}

function targetOf(
  value: unknown,
): { readonly device: string; readonly rule?: string } | undefined | "invalid" {
  if (!isRecord(value)) return "invalid";
  const { device, rule } = value;
  if (device === undefined && rule === undefined) return undefined;
  if (typeof device !== "string") return "invalid";
  if (rule === undefined) return { device };
  return typeof rule === "string" ? { device, rule } : "invalid";
}

import { strictOf } from "../../envelopes/received.ts";
import type { Hub } from "../hub.ts";
import { errorResponse, jsonResponse } from "../responses.ts";
import { recordingOf } from "../recording_control.ts";
import type { Route } from "./route.ts";

/** Age at which a value is no longer the present one, in seconds. */
const MAX_VALUE_AGE_S = 3;

/** `/v1/devices`: the list of devices, and the dismissal of one that is silent. */
export function deviceRoutes(hub: Hub): readonly Route[] {
  return [{
    method: "GET",
    path: "/v1/devices",
    handle: () => {
      const devices = hub.devices.map((device) => summaryOf(hub, device));
      return jsonResponse({ devices, hidden: hub.hidden, connected: hub.connected });
    },
  }, {
    method: "DELETE",
    path: "/v1/devices",
    handle: (_request, { query }) => {
      const device = query.get("device") ?? "";
      switch (hub.dismiss(device)) {
        case "unknown":
          return errorResponse(404, "The device is unknown");
        case "heard":
          return errorResponse(409, "The device still sends messages: only a silent one can go");
        case "dismissed":
          return jsonResponse({ device });
      }
    },
  }];
}

function summaryOf(hub: Hub, device: string) {
  const core = hub.latest(device, "core_metrics");
  const payload = core && core.ageS <= MAX_VALUE_AGE_S ? core.payload : {};
  return {
    device,
    heard_ago_s: Math.round(1000 * (hub.silentS(device) ?? 0)) / 1000,
    status: hub.latest(device, "status")?.payload["name"],
    recording: recordingOf(hub, device)?.recording ?? false,
    pulse: numberIn(strictOf(payload, "pulse")),
    breathing: numberIn(strictOf(payload, "breathing")),
  };
}

/** The value that may be shown to a person; undefined while it is withheld. */
function numberIn({ value }: ReturnType<typeof strictOf>): number | undefined {
  return typeof value === "number" ? value : undefined;
}

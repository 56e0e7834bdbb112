import type { Hub } from "../hub.ts";
import { errorResponse, jsonResponse, respond } from "../responses.ts";
import { toCsv } from "../trends/trend.ts";
import type { Trends } from "../trends/trends.ts";
import type { Route } from "./route.ts";

/** `/v1/trends`: the course of the vital signs of a device, as JSON or CSV. */
export function trendRoute(hub: Pick<Hub, "deviceOf">, trends: Trends): Route {
  return {
    method: "GET",
    path: "/v1/trends",
    handle: async (_request, { query }) => {
      const device = hub.deviceOf(query.get("device"));
      if (device === undefined) return errorResponse(404, "The device is unknown");
      const [fromUs, toUs] = [timeOf(query.get("from")), timeOf(query.get("to"))];
      if (fromUs === "invalid" || toUs === "invalid") {
        return errorResponse(400, '"from" and "to" must be microseconds since 1970');
      }
      const table = await trends.read(device, {
        ...fromUs === undefined ? {} : { fromUs },
        ...toUs === undefined ? {} : { toUs },
      });
      if (table === "busy") return errorResponse(503, "Too many trends are read: try again");
      if (query.get("format") === "csv") return csvResponse(toCsv(table));
      const columns = { time: table.time, ...table.columns };
      return jsonResponse({ device, interval_s: table.intervalS, columns });
    },
  };
}

function timeOf(text: string | null): number | undefined | "invalid" {
  if (text === null) return undefined;
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : "invalid";
}

function csvResponse(text: string): Response {
  return respond(text, {
    headers: {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="trend.csv"',
    },
  });
}

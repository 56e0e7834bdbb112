import type { HealthReport } from "../../telemetry/health.ts";
import type { MetricFamily } from "../../telemetry/metric_family.ts";
import { CONTENT_TYPES, metricsText, negotiateFormat } from "../../transports/http/prometheus.ts";
import { jsonResponse, textResponse } from "../responses.ts";
import type { Route } from "./route.ts";

/** `/metrics`. */
export function metricsRoute(metrics: () => Iterable<MetricFamily>): Route {
  return {
    method: "GET",
    path: "/metrics",
    handle: ({ headers }) => {
      const format = negotiateFormat(headers.get("accept"));
      return textResponse(metricsText(metrics(), format), CONTENT_TYPES[format]);
    },
  };
}

/** The response of `/healthz`; only a client with the token receives the reasons. */
export function healthResponse(
  { healthy, reasons, agesS }: HealthReport,
  { detailed }: { readonly detailed: boolean },
): Response {
  const report = detailed ? { healthy, reasons, ages_s: agesS } : { healthy };
  return jsonResponse(report, healthy ? 200 : 503);
}

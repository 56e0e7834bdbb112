import type { RecordingCommand } from "../../control/recording.ts";
import type { MetricFamily } from "../../telemetry/metric_family.ts";
import type { Hub } from "../hub.ts";
import { RecordingControl } from "../recording_control.ts";
import type { SessionFolder } from "../sessions.ts";
import type { Trends } from "../trends/trends.ts";
import { errorResponse, jsonResponse } from "../responses.ts";
import type { AlarmMonitor } from "../alarm_monitor.ts";
import { alarmRoutes } from "./alarms.ts";
import { assetRoutes } from "./assets.ts";
import { deviceRoutes } from "./devices.ts";
import { metricsRoute } from "./monitoring.ts";
import { recordingRoutes } from "./recording.ts";
import type { Route } from "./route.ts";
import { sessionRoutes } from "./sessions.ts";
import { trendRoute } from "./trends.ts";
import { videoRoute } from "./video.ts";

/** Path of the WebSocket. */
export const STREAM_PATH = "/v1/stream";

/** What the page offers. */
export interface PageServices {
  readonly hub: Hub;
  /** Sends a recording command to a device; returns false if the device is not reachable. */
  readonly onCommand: (device: string, command: RecordingCommand) => Promise<boolean> | boolean;
  /** Content of `/v1/trends`. @default the path does not exist */
  readonly trends?: Trends;
  /** Raises the alarms of `/v1/alarms`. @default the path does not exist */
  readonly alarms?: AlarmMonitor;
  /** Content of `/v1/sessions`. @default the path does not exist */
  readonly sessions?: SessionFolder;
  /** Content of `/metrics`. @default the path does not exist */
  readonly metrics?: () => Iterable<MetricFamily>;
}

/** All paths that need the token, if there is one. */
export function pageRoutes(
  { hub, onCommand, trends, alarms, sessions, metrics }: PageServices,
): readonly Route[] {
  return [
    ...assetRoutes(),
    ...deviceRoutes(hub),
    ...recordingRoutes(hub, new RecordingControl({ hub, send: onCommand })),
    videoRoute(hub),
    ...trends ? [trendRoute(hub, trends)] : [],
    ...sessions ? sessionRoutes(sessions) : [],
    ...alarms ? alarmRoutes(hub, alarms) : [],
    ...metrics ? [metricsRoute(metrics)] : [],
    {
      method: "GET",
      path: "/v1/page",
      handle: () =>
        jsonResponse({
          alarms: alarms !== undefined,
          groups: Object.fromEntries(alarms?.groups ?? []),
          sessions: sessions !== undefined,
          history: trends?.hasHistory === true,
        }),
    },
    {
      method: "GET",
      path: STREAM_PATH,
      handle: () => errorResponse(426, "Open this path as a WebSocket"),
    },
  ];
}

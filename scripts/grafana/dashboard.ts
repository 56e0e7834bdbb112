import type { Dashboard } from "@grafana/schema";
import { STATUS_TABLE } from "../../src/vitals/condition/status_table.ts";
import { type PanelOptions, type Plain, stat, stateTimeline, timeSeries } from "./panels.ts";

/** Scrape interval of `integrations/grafana/prometheus.yml`, the shortest step of a panel. */
const INTERVAL = "5s";
const DEVICE = '{device=~"$device"}';
const RATE = "[$__rate_interval]";

const STATUS_COLORS: Readonly<Record<string, string>> = {
  OK: "green",
  CAMERA_DISCONNECTED: "red",
  PUBLISH_DEGRADED: "red",
  PICTURE_FROZEN: "red",
  STOPPING: "gray",
  PROCESSING_NOT_STARTED: "gray",
};

const STATUS_MAPPINGS: NonNullable<PanelOptions["mappings"]> = [{
  type: "value",
  options: Object.fromEntries(
    Object.entries(STATUS_TABLE).map(([name, { code }], index) => [
      `${code}`,
      { text: name, color: STATUS_COLORS[name] ?? "orange", index },
    ]),
  ),
}];

/** The value of a vital sign with its confidence and age, in three panels beside each other. */
function vitalStats(vital: "pulse" | "breathing", x: number) {
  const name = vital === "pulse" ? "Pulse" : "Breathing";
  const metric = `physiology_${vital}_bpm${DEVICE}`;
  const at = (offset: number) => ({ x: x + offset, y: 1, w: 4, h: 4 });
  return [
    stat({
      title: name,
      description: "A dash while the value is withheld.",
      position: at(0),
      queries: [{ expr: `max by (device) (${metric})`, legend: "{{device}}" }],
      unit: "suffix: /min",
    }),
    stat({
      title: `${name} confidence`,
      description: "Calibrated probability that the value is right.",
      position: at(4),
      queries: [{
        expr: `max by (device) (physiology_${vital}_confidence${DEVICE})`,
        legend: "{{device}}",
      }],
      unit: "percentunit",
      decimals: 0,
    }),
    stat({
      title: `${name} age`,
      description: "Time since the last message when it was scraped, and since the scrape.",
      position: at(8),
      queries: [{
        expr: `min by (device) (time() - timestamp(${metric}) + ` +
          `physiology_core_metrics_age_seconds${DEVICE})`,
        legend: "{{device}}",
      }],
      unit: "s",
    }),
  ];
}

const PANELS: Plain<Dashboard>["panels"] = [
  {
    type: "row",
    title: "$device",
    repeat: "device",
    collapsed: false,
    id: 1,
    gridPos: { x: 0, y: 0, w: 24, h: 1 },
    panels: [],
  },
  ...vitalStats("pulse", 0),
  ...vitalStats("breathing", 12),
  timeSeries({
    title: "Pulse and breathing",
    description: "A gap where a value is withheld or the device is not reachable.",
    position: { x: 0, y: 5, w: 16, h: 9 },
    queries: [
      { expr: `max by (device) (physiology_pulse_bpm${DEVICE})`, legend: "Pulse {{device}}" },
      {
        expr: `max by (device) (physiology_breathing_bpm${DEVICE})`,
        legend: "Breathing {{device}}",
      },
    ],
    unit: "suffix: /min",
    min: 0,
  }),
  timeSeries({
    title: "Confidence",
    description: "Probability that the value is right.",
    position: { x: 16, y: 5, w: 8, h: 9 },
    queries: [
      {
        expr: `max by (device) (physiology_pulse_confidence${DEVICE})`,
        legend: "Pulse {{device}}",
      },
      {
        expr: `max by (device) (physiology_breathing_confidence${DEVICE})`,
        legend: "Breathing {{device}}",
      },
    ],
    unit: "percentunit",
    decimals: 0,
    min: 0,
    max: 1,
  }),
  stateTimeline({
    title: "Status",
    description: "Status of the device; docs/TROUBLESHOOTING.md describes each.",
    position: { x: 0, y: 14, w: 12, h: 5 },
    queries: [{
      expr: `max by (device) (physiology_status_code${DEVICE})`,
      legend: "{{device}}",
    }],
    unit: "none",
    decimals: 0,
    mappings: STATUS_MAPPINGS,
  }),
  stateTimeline({
    title: "Withheld",
    description: "Why a value is withheld.",
    position: { x: 12, y: 14, w: 12, h: 5 },
    queries: [{
      expr: `max by (device, vital, reason) (physiology_withheld${DEVICE})`,
      legend: "{{device}} {{vital}}: {{reason}}",
    }],
    unit: "none",
    decimals: 0,
    mappings: [{ type: "value", options: { "1": { text: " ", color: "orange", index: 0 } } }],
  }),
  timeSeries({
    title: "Frame rate",
    description: "Frames of the camera, and those that are published.",
    position: { x: 0, y: 19, w: 8, h: 8 },
    queries: [
      { expr: `max by (device) (physiology_frame_rate_fps${DEVICE})`, legend: "Camera {{device}}" },
      {
        expr: `sum by (device) (rate(physiology_frames_captured_total${DEVICE}${RATE}))`,
        legend: "Captured {{device}}",
      },
      {
        expr: `sum by (device) (rate(physiology_frames_published_total${DEVICE}${RATE}))`,
        legend: "Published {{device}}",
      },
    ],
    unit: "suffix: frames/s",
    min: 0,
  }),
  timeSeries({
    title: "Dropped",
    description: "Frames and messages that were dropped, by reason.",
    position: { x: 8, y: 19, w: 8, h: 8 },
    queries: [
      {
        expr: `sum by (device, class, reason) (rate(physiology_dropped_total${DEVICE}${RATE}))`,
        legend: "{{device}} {{class}}: {{reason}}",
      },
      {
        expr:
          `sum by (device, class, reason) (rate(physiology_outbox_dropped_total${DEVICE}${RATE}))`,
        legend: "{{device}} transport, {{class}}: {{reason}}",
      },
      {
        expr: `sum by (device, reason) (rate(physiology_camera_frames_lost_total${DEVICE}${RATE}))`,
        legend: "{{device}} camera: {{reason}}",
      },
    ],
    unit: "cps",
    min: 0,
  }),
  timeSeries({
    title: "Latency",
    description: "From the capture of a frame to the acknowledgement of its messages: " +
      "95 % of the messages take less time.",
    position: { x: 16, y: 19, w: 8, h: 8 },
    queries: [{
      expr: "histogram_quantile(0.95, sum by (device, topic, le) " +
        `(rate(physiology_publication_latency_seconds_bucket${DEVICE}${RATE})))`,
      legend: "{{device}} {{topic}}",
    }],
    unit: "s",
    decimals: 3,
    min: 0,
  }),
];

/** The dashboard that `integrations/grafana/dashboard.json` contains, in Grafana's own types. */
export const DASHBOARD: Plain<Dashboard> = {
  uid: "physiology",
  title: "Physiology",
  description: "Pulse and breathing by camera, and the devices that measure them.",
  tags: ["physiology"],
  schemaVersion: 39,
  version: 1,
  editable: true,
  refresh: INTERVAL,
  time: { from: "now-15m", to: "now" },
  templating: {
    list: [
      { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
      {
        name: "device",
        label: "Device",
        type: "query",
        datasource: { type: "prometheus", uid: "${datasource}" },
        query: "label_values(physiology_device_age_seconds, device)",
        refresh: 2,
        sort: 1,
        multi: true,
        includeAll: true,
        current: { text: "All", value: "$__all" },
      },
    ],
  },
  panels: PANELS?.map((panel, index) => ({ ...panel, id: index + 1, interval: INTERVAL })),
};

/** Every file for Grafana that is generated, by its path in the repository, with its text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([[
    "integrations/grafana/dashboard.json",
    `${JSON.stringify(DASHBOARD, null, 2)}\n`,
  ]]);
}

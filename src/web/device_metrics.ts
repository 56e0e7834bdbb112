import type { MetricFamily, MetricLabels, MetricSample } from "../telemetry/metric_family.ts";
import type { MetricName } from "../telemetry/metric_table.ts";
import { WITHHELD_REASONS } from "../vitals/withheld.ts";
import type { Hub } from "./hub.ts";

export interface DeviceMetricsOptions {
  /**
   * Age at which a value disappears, in seconds: from the capture of its newest frame, apart from
   * the time that the network takes.
   * @default 1.5
   */
  readonly maxAgeS?: number;
}

/** Age at which a value disappears, in seconds. Chosen: several intervals of core metrics. */
const MAX_VALUE_AGE_S = 1.5;
/** Age at which a status disappears, in seconds: two of its heartbeats. */
const MAX_STATUS_AGE_S = 10;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns the age at which the values of a device disappear, in seconds. With a long interval of
 * core metrics, each value is the current one until the next.
 */
export function maxValueAgeS(bufferDurationS: number): number {
  return Math.max(MAX_VALUE_AGE_S, 1.5 * bufferDurationS);
}

/**
 * Returns the gauges of the devices in `hub`, with the label `device`. What is withheld, outdated
 * or not a number has no sample, so that it is a gap in a chart and never an old value or 0.
 */
export function deviceFamilies(
  hub: Pick<Hub, "devices" | "latest" | "silentS">,
  { maxAgeS = MAX_VALUE_AGE_S }: DeviceMetricsOptions = {},
): readonly MetricFamily[] {
  const families = new Map<MetricName, MetricSample[]>();
  for (const device of hub.devices) {
    const add: Add = (name, value, labels = {}) => {
      if (typeof value !== "number" || !Number.isFinite(value)) return;
      const samples = families.get(name) ?? [];
      families.set(name, samples);
      samples.push({ labels: { device, ...labels }, value });
    };
    add("device_age_seconds", hub.silentS(device));
    const core = hub.latest(device, "core_metrics");
    add("core_metrics_age_seconds", core?.ageS);
    if (core && core.ageS + latencyS(core.payload) <= maxAgeS) addVitals(core.payload, add);
    // Without a camera, the reason is as new as its message.
    if (core && core.ageS <= maxAgeS) addReasons(core.payload, add);
    const status = hub.latest(device, "status");
    if (status && status.ageS <= MAX_STATUS_AGE_S) add("status_code", status.payload["code"]);
    const edge = hub.latest(device, "edge_metrics");
    if (edge && edge.ageS <= maxAgeS) {
      add("frame_rate_fps", fieldsOf(edge.payload, "signal")["fps"]);
    }
  }
  return [...families].map(([name, samples]) => ({ name, samples }));
}

type Add = (name: MetricName, value: unknown, labels?: MetricLabels) => void;

function addVitals(payload: Fields, add: Add): void {
  for (const vital of ["pulse", "breathing"] as const) {
    const strict = fieldsOf(fieldsOf(payload, vital), "strict");
    add(`${vital}_bpm`, strict["value"]);
    add(`${vital}_confidence`, strict["confidence"]);
  }
}

function addReasons(payload: Fields, add: Add): void {
  for (const [vital, reason] of Object.entries(fieldsOf(payload, "withheld"))) {
    // Any publisher can choose the texts: only known ones become labels.
    const isKnown = (vital === "pulse" || vital === "breathing") &&
      typeof reason === "string" && Object.hasOwn(WITHHELD_REASONS, reason);
    if (isKnown) add("withheld", 1, { vital, reason });
  }
}

/** Time from the capture of the newest frame to the creation of the message, in seconds. */
function latencyS(payload: Fields): number {
  const latencyMs = fieldsOf(payload, "metadata")["latency_ms"];
  return typeof latencyMs === "number" ? Math.max(0, latencyMs / 1000) : 0;
}

function fieldsOf(parent: Fields, name: string): Fields {
  const value = parent[name];
  return typeof value === "object" && value !== null ? value as Fields : {};
}

import type { MetricFamily, MetricLabels, MetricSample } from "../../telemetry/metric_family.ts";
import {
  METRIC_PREFIX,
  METRIC_TABLE,
  type MetricName,
  type MetricRow,
} from "../../telemetry/metric_table.ts";

/** OpenMetrics 1.0, or the text format 0.0.4 of Prometheus. */
export type MetricsFormat = "openmetrics" | "prometheus";

export const CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/**
 * Returns the format for the header `Accept`: OpenMetrics if the client accepts version 1.0.0 of it
 * at least as gladly as plain text, otherwise the format that every client of `/metrics` reads.
 */
export function negotiateFormat(accept: string | null): MetricsFormat {
  let openMetrics = 0;
  let plain = 0;
  for (const range of (accept ?? "").toLowerCase().split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim());
    const parameter = new Map(parameters.map((each) => splitOnce(each, "=")));
    const weight = Number(parameter.get("q") ?? 1);
    const version = (parameter.get("version") ?? "1.0.0").replaceAll('"', "");
    if (type === "application/openmetrics-text" && version === "1.0.0") {
      openMetrics = Math.max(openMetrics, weight);
    } else if (type === "text/plain") plain = Math.max(plain, weight);
  }
  return openMetrics > 0 && openMetrics >= plain ? "openmetrics" : "prometheus";
}

/** Formats families with their samples as the text of `/metrics`; those without are left out. */
export function metricsText(families: Iterable<MetricFamily>, format: MetricsFormat): string {
  const samples = new Map<MetricName, readonly MetricSample[]>();
  for (const family of families) {
    samples.set(family.name, [...samples.get(family.name) ?? [], ...family.samples]);
  }
  const texts = [...samples]
    .filter(([, each]) => each.length > 0)
    .map(([name, each]) => familyText(name, each, format));
  return texts.join("") + (format === "openmetrics" ? "# EOF\n" : "");
}

function familyText(
  name: MetricName,
  samples: readonly MetricSample[],
  format: MetricsFormat,
): string {
  const { kind, help, unit }: MetricRow = METRIC_TABLE[name];
  const metric = METRIC_PREFIX + name;
  // OpenMetrics names the family of a counter without the suffix of its sample.
  const family = format === "openmetrics" ? metric.replace(/_total$/, "") : metric;
  const lines = [
    `# HELP ${family} ${escapeHelp(help, format)}`,
    `# TYPE ${family} ${kind}`,
    ...format === "openmetrics" && unit ? [`# UNIT ${family} ${unit}`] : [],
    ...samples.map(({ labels, value, part }) =>
      `${metric}${part ? `_${part}` : ""}${labelText(labels)} ${valueText(value)}`
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function labelText(labels: MetricLabels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

/** The shortest decimal text that gives the same number again. */
function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return `${value}`;
}

/** Key prefixes may contain anything; the parser of Prometheus ends at a NUL. */
function escapeLabel(value: string): string {
  return value.toWellFormed().replaceAll("\0", "\ufffd").replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(help: string, format: MetricsFormat): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openmetrics" ? escaped.replaceAll('"', '\\"') : escaped;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

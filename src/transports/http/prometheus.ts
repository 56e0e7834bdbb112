import type { Counters } from "../../telemetry/counters.ts";

/** Formats all counters in the Prometheus text format 0.0.4, with the prefix `physiology_`. */
export function prometheusText(counters: Counters): string {
  const families = new Map<string, { kind: string; lines: string[] }>();
  for (const { name, labels, kind, total } of counters.all()) {
    const metric = `physiology_${name.replaceAll(/[^a-zA-Z0-9_]/g, "_")}`;
    const family = families.get(metric) ?? { kind, lines: [] };
    families.set(metric, family);
    const pairs = Object.entries(labels).map(([key, label]) =>
      `${key.replaceAll(/[^a-zA-Z0-9_]/g, "_")}="${escapeLabel(label)}"`
    );
    const value = Number.isFinite(total) ? `${total}` : total > 0 ? "+Inf" : "NaN";
    family.lines.push(`${metric}${pairs.length ? `{${pairs.join(",")}}` : ""} ${value}`);
  }
  return [...families]
    .map(([metric, { kind, lines }]) => `# TYPE ${metric} ${kind}\n${lines.join("\n")}\n`)
    .join("");
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

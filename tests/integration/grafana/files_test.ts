import fc from "fast-check";
import assert from "node:assert/strict";
import { METRIC_PREFIX, METRIC_TABLE } from "../../../src/telemetry/metric_table.ts";
import type { MetricSample } from "../../../src/telemetry/metric_family.ts";
import { metricsText } from "../../../src/transports/http/prometheus.ts";
import { GRAFANA, hasPrometheus, parseOpenMetrics, promtool } from "../../support/prometheus.ts";

const ignore = !hasPrometheus();

Deno.test({
  name: "alerts.yml passes promtool and its tests",
  ignore,
  fn: async () => {
    await promtool(["check", "rules", "alerts.yml"], { cwd: GRAFANA });
    await promtool(["test", "rules", "alerts_test.yml"], { cwd: GRAFANA });
  },
});

Deno.test("alerts.yml and the dashboard use only metrics that exist", () => {
  const names = new Set(Object.keys(METRIC_TABLE).map((name) => METRIC_PREFIX + name));
  for (const file of ["alerts.yml", "alerts_test.yml", "dashboard.json"]) {
    const text = Deno.readTextFileSync(GRAFANA + file);
    const used = text.match(/\bphysiology_[a-z_]+(?=[{) ])/g) ?? [];
    assert(used.length > 5, file);
    const unknown = used.map((name) => name.replace(/_bucket$/, "")).filter((name) =>
      !names.has(name)
    );
    assert.deepEqual(unknown, [], file);
  }
});

Deno.test({
  name: "metricsText() writes labels and values that the parsers of Prometheus read again",
  ignore,
  fn: async () => {
    const label = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
    // JSON, in which the parser prints its result, has no infinity.
    const value = fc.double({ noNaN: true, noDefaultInfinity: true });
    const samples = fc.sample(fc.tuple(label, value), { numRuns: 500, seed: 7 })
      .map(([device, value], index): MetricSample => ({
        // Two samples with the same labels would be one too many.
        labels: { device: `${index} ${device}` },
        value: value + 0,
      }));
    const families = [{ name: "frame_rate_fps", samples }] as const;
    const parsed = await parseOpenMetrics(metricsText(families, "openmetrics"));
    assert.deepEqual(
      parsed.map(({ labels, value }) => ({ labels, value: value + 0 })),
      samples,
    );
    await promtool(["check", "metrics"], { input: metricsText(families, "prometheus") });
  },
});

import fc from "fast-check";
import assert from "node:assert/strict";
import { Counters } from "../../../../src/telemetry/counters.ts";
import {
  type MetricsFormat,
  metricsText,
  negotiateFormat,
} from "../../../../src/transports/http/prometheus.ts";

function exampleCounters(): Counters {
  const counters = new Counters();
  counters.add("outbox_sent_bytes_total", { class: "frame" }, 3);
  counters.set("grpc_streams", 2.5);
  counters.add("outbox_sent_bytes_total", { class: "metric" });
  return counters;
}

Deno.test("metricsText() writes OpenMetrics with the unit, and counters as families without a suffix", () => {
  assert.equal(
    metricsText(exampleCounters().families(), "openmetrics"),
    "# HELP physiology_outbox_sent_bytes Bytes of the messages that the transport has " +
      "acknowledged\n" +
      "# TYPE physiology_outbox_sent_bytes counter\n" +
      "# UNIT physiology_outbox_sent_bytes bytes\n" +
      'physiology_outbox_sent_bytes_total{class="frame"} 3\n' +
      'physiology_outbox_sent_bytes_total{class="metric"} 1\n' +
      "# HELP physiology_grpc_streams Open streams of the gRPC server\n" +
      "# TYPE physiology_grpc_streams gauge\n" +
      "physiology_grpc_streams 2.5\n" +
      "# EOF\n",
  );
  assert.equal(metricsText([], "openmetrics"), "# EOF\n");
});

Deno.test("metricsText() writes the Prometheus text format with full names and without units", () => {
  const text = metricsText(exampleCounters().families(), "prometheus");
  assert.match(text, /^# TYPE physiology_outbox_sent_bytes_total counter$/m);
  assert.doesNotMatch(text, /UNIT|EOF/);
  assert.equal(metricsText([{ name: "grpc_streams", samples: [] }], "prometheus"), "");
});

Deno.test("metricsText() writes histograms with buckets, sum and count", () => {
  const counters = new Counters();
  counters.histogram("publication_latency_seconds", { topic: "frame" }).observe(0.75);
  const text = metricsText(counters.families(), "openmetrics");
  assert.match(text, /^# TYPE physiology_publication_latency_seconds histogram$/m);
  for (
    const line of [
      'bucket{topic="frame",le="0.5"} 0',
      'bucket{topic="frame",le="1.0"} 1',
      'bucket{topic="frame",le="+Inf"} 1',
      'sum{topic="frame"} 0.75',
      'count{topic="frame"} 1',
    ]
  ) assert(text.includes(`\nphysiology_publication_latency_seconds_${line}\n`), line);
});

Deno.test("metricsText() merges families of the same name", () => {
  const sample = (device: string) => ({ labels: { device }, value: 1 });
  const text = metricsText([
    { name: "status_code", samples: [sample("a")] },
    { name: "grpc_streams", samples: [sample("a")] },
    { name: "status_code", samples: [sample("b")] },
  ], "prometheus");
  assert.equal(text.match(/# TYPE physiology_status_code/g)?.length, 1);
  assert.match(text, /status_code\{device="a"\} 1\nphysiology_status_code\{device="b"\} 1\n/);
});

/** Reads one sample as the specification of OpenMetrics describes it. */
function parseSample(line: string): { readonly label: string; readonly value: number } {
  const match = /^physiology_status_code\{device="((?:[^\\"\n]|\\[\\"n])*)"\} (\S+)$/.exec(line);
  assert(match, line);
  const unescaped = { "\\n": "\n", '\\"': '"', "\\\\": "\\" } as Record<string, string>;
  const [, label = "", value = ""] = match;
  return {
    label: label.replaceAll(/\\./g, (escape) => unescaped[escape] ?? escape),
    value: value === "+Inf" ? Infinity : value === "-Inf" ? -Infinity : Number(value),
  };
}

Deno.test("metricsText() writes any label and value so that a parser reads them again", () => {
  const label = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
  const format = fc.constantFrom<MetricsFormat>("openmetrics", "prometheus");
  fc.assert(
    fc.property(label, fc.double(), format, (device, value, format) => {
      const samples = [{ labels: { device }, value }];
      const text = metricsText([{ name: "status_code", samples }], format);
      const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      assert.equal(lines.length, 1, text);
      const parsed = parseSample(lines[0] ?? "");
      assert.equal(parsed.label, device);
      // Prometheus has no negative zero to distinguish.
      assert.equal(parsed.value + 0, value + 0);
    }),
    { examples: [['a\\n"b\\\\c\n', 1e21, "openmetrics"], ["", -Infinity, "prometheus"]] },
  );
});

Deno.test("metricsText() replaces what no parser reads: NUL and lone surrogates", () => {
  const samples = [{ labels: { device: "a\0b\ud800" }, value: NaN }];
  const text = metricsText([{ name: "status_code", samples }], "prometheus");
  assert.match(text, /\{device="a\ufffdb\ufffd"\} NaN\n$/);
});

Deno.test("negotiateFormat() returns OpenMetrics if the client accepts version 1.0.0 of it", () => {
  for (
    const [accept, expected] of [
      [null, "prometheus"],
      ["*/*", "prometheus"],
      ["text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "prometheus"],
      ["application/openmetrics-text", "openmetrics"],
      ["application/openmetrics-text;version=0.0.1", "prometheus"],
      // As Prometheus 2.42 sends it.
      [
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;" +
        "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "openmetrics",
      ],
      ['Application/OpenMetrics-Text; version="1.0.0"; q=0.9', "openmetrics"],
      ["application/openmetrics-text;q=0", "prometheus"],
      ["application/openmetrics-text;q=0.3,text/plain;q=0.8", "prometheus"],
      ["application/openmetrics-text;q=x", "prometheus"],
    ] as const
  ) assert.equal(negotiateFormat(accept), expected, `${accept}`);
});

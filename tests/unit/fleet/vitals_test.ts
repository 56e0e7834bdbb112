import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import { encodeEnvelope, type Envelope } from "../../../src/envelopes/envelope.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import { FleetVitals, sampleAt, signalAt } from "../../../src/fleet/vitals.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";

/** The core metrics of 60 s, and one edge metric. */
function publishedIn60S(): { core: Envelope[]; edge: Envelope } {
  const factory = new EnvelopeFactory(new SystemClock(), { simulated: true });
  const vitals = new FleetVitals({ pulseBpm: 72, breathingBpm: 15, startUs: monotonicUs(0) });
  const times = Array.from({ length: 300 }, (_, at) => monotonicUs(at * 200_000));
  return {
    core: times.map((timeUs) => factory.coreMetrics(vitals.estimate(timeUs), timeUs)),
    edge: factory.edgeMetrics({
      sample: sampleAt(0, monotonicUs(0)),
      signal: signalAt(0),
      upperTrace: [{ timeUs: monotonicUs(0), value: 0.00058 }],
      width: 640,
      height: 480,
      frameDegradation: 0,
    }),
  };
}

function recordedBytes(topic: string): number {
  const path = new URL(`../../../docs/examples/${topic}.json`, import.meta.url);
  const { payload, ...rest } = JSON.parse(Deno.readTextFileSync(path));
  if (topic === "edge_metrics") {
    // The recorded one has --enable_eda, and the trace of six frames; on average it is one.
    delete payload.eda;
    payload.breathing.upper_trace.length = 1;
  }
  return JSON.stringify({ ...rest, payload }).length;
}

Deno.test("FleetVitals gives messages of the size of recorded ones, within a fifth", () => {
  const { core, edge } = publishedIn60S();
  const bytes = core.reduce((sum, envelope) => sum + encodeEnvelope(envelope).length, 0);
  const ratios = [
    bytes / core.length / recordedBytes("core_metrics"),
    encodeEnvelope(edge).length / recordedBytes("edge_metrics"),
  ];
  for (const ratio of ratios) assert.ok(ratio > 0.8 && ratio < 1.2, `${ratios}`);
});

Deno.test("FleetVitals gives each trace sample and each beat once", () => {
  const payloads = publishedIn60S().core.map((envelope) => {
    assert(envelope.type === "core_metrics");
    return envelope.payload;
  });
  const times = payloads.flatMap(({ pulse }) => pulse?.trace ?? []).map(({ timestamp }) =>
    timestamp
  );
  assert.equal(new Set(times).size, times.length);
  assert.equal(times.length, 59.8 * 30 + 1);
  const beats = payloads.flatMap(({ pulse }) => pulse?.beats ?? []);
  assert.equal(beats.length, 71);
});

Deno.test("FleetVitals marks its messages as those of no person", () => {
  const [envelope] = publishedIn60S().core;
  assert(envelope?.type === "core_metrics");
  assert.equal(envelope.payload.metadata.simulated, true);
});

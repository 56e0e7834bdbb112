import assert from "node:assert/strict";
import {
  deviceFamilies,
  type DeviceMetricsOptions,
  maxValueAgeS,
} from "../../../src/web/device_metrics.ts";
import { Hub } from "../../../src/web/hub.ts";

/** A hub with a clock of its own, and its gauges by `name{label values}`. */
function fakeHub(options: DeviceMetricsOptions = {}) {
  const time = { ms: 0 };
  const hub = new Hub({ nowMs: () => time.ms });
  const publish = (
    topic: "core_metrics" | "edge_metrics" | "status",
    payload: unknown,
    device = "ward",
  ) => hub.publishEnvelope(device, { topic, envelope: { type: topic, timestamp: 1, payload } });
  const gauges = () =>
    Object.fromEntries(
      deviceFamilies(hub, options).flatMap(({ name, samples }) =>
        samples.map(({ labels, value }) => [`${name}{${Object.values(labels).join()}}`, value])
      ),
    );
  return { time, publish, gauges };
}

const PULSE = { pulse: { strict: { value: 72.5, confidence: 0.9 } } };

Deno.test("deviceFamilies() has the vitals with their confidence, and reasons for what is withheld", () => {
  const { publish, gauges } = fakeHub();
  publish("core_metrics", { ...PULSE, withheld: { breathing: "no_chest" } });
  publish("status", { code: 7 });
  publish("edge_metrics", { signal: { fps: 29.9 } });
  publish("core_metrics", { breathing: { strict: { value: 16, confidence: 0.8 } } }, "other");
  assert.deepEqual(gauges(), {
    "device_age_seconds{ward}": 0,
    "core_metrics_age_seconds{ward}": 0,
    "pulse_bpm{ward}": 72.5,
    "pulse_confidence{ward}": 0.9,
    "withheld{ward,breathing,no_chest}": 1,
    "status_code{ward}": 7,
    "frame_rate_fps{ward}": 29.9,
    "device_age_seconds{other}": 0,
    "core_metrics_age_seconds{other}": 0,
    "breathing_bpm{other}": 16,
    "breathing_confidence{other}": 0.8,
  });
});

Deno.test("deviceFamilies() has no value from the first message that withholds it", () => {
  const { publish, gauges } = fakeHub();
  publish("core_metrics", PULSE);
  publish("core_metrics", { withheld: { pulse: "camera_disconnected" } });
  assert.equal(gauges()["pulse_bpm{ward}"], undefined);
  assert.equal(gauges()["withheld{ward,pulse,camera_disconnected}"], 1);
});

Deno.test("deviceFamilies() has no value that is older than the limit, only its age", () => {
  for (const [options, limitMs] of [[{}, 1500], [{ maxAgeS: 3 }, 3000]] as const) {
    const { publish, gauges, time } = fakeHub(options);
    publish("core_metrics", PULSE);
    publish("edge_metrics", { signal: { fps: 30 } });
    time.ms = limitMs;
    assert.equal(gauges()["pulse_bpm{ward}"], 72.5);
    time.ms = limitMs + 1;
    assert.deepEqual(gauges(), {
      "device_age_seconds{ward}": time.ms / 1000,
      "core_metrics_age_seconds{ward}": time.ms / 1000,
    });
  }
});

Deno.test("maxValueAgeS() is 1.5 s, or one and a half intervals of core metrics", () => {
  assert.deepEqual([0.2, 1, 1.1, 5].map(maxValueAgeS), [1.5, 1.5, 1.5 * 1.1, 7.5]);
});

Deno.test("deviceFamilies() counts the age of a value from the capture of its newest frame", () => {
  const { publish, gauges, time } = fakeHub();
  publish("core_metrics", { ...PULSE, metadata: { latency_ms: 1000 } });
  time.ms = 500;
  assert.equal(gauges()["pulse_bpm{ward}"], 72.5);
  time.ms = 501;
  assert.equal(gauges()["pulse_bpm{ward}"], undefined);
});

Deno.test("deviceFamilies() has no status that is older than two heartbeats", () => {
  const { publish, gauges, time } = fakeHub();
  publish("status", { code: 100 });
  time.ms = 10_000;
  assert.equal(gauges()["status_code{ward}"], 100);
  time.ms = 10_001;
  assert.equal(gauges()["status_code{ward}"], undefined);
  assert.equal(gauges()["device_age_seconds{ward}"], 10.001);
});

Deno.test("deviceFamilies() ignores what a publisher invents", () => {
  const { publish, gauges } = fakeHub();
  publish("core_metrics", {
    pulse: { strict: { value: "72", confidence: null } },
    breathing: 5,
    withheld: { pulse: "toString", breathing: { a: 1 } },
    metadata: { latency_ms: -1e9 },
  });
  publish("status", { code: "0" });
  publish("edge_metrics", {});
  assert.deepEqual(Object.keys(gauges()), [
    "device_age_seconds{ward}",
    "core_metrics_age_seconds{ward}",
  ]);
});

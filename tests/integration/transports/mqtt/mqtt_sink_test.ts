import assert from "node:assert/strict";
import { startMosquitto } from "../../../support/mosquitto.ts";
import {
  coreMetrics,
  okStatus,
  recordingState,
  SinkUnderTest,
} from "../../../support/mqtt_sink.ts";
import { waitFor } from "../../../support/wait.ts";

const BASE = "physiology/bed-7";
const CONFIG = "homeassistant/device/bed-7/config";

Deno.test("MqttSink publishes envelopes as they are, and neither edge metrics nor frames", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  await using device = new SinkUnderTest(broker.port);
  device.sink.start();
  await observer.first(`${BASE}/availability`);
  const envelopes = [coreMetrics({ pulse: 71.5 }), okStatus(), recordingState(true)];
  for (const envelope of envelopes) device.offer(envelope);
  device.offer({ ...coreMetrics({ pulse: 1 }), type: "edge_metrics" } as never);
  for (const envelope of envelopes) {
    const { text, packet } = await observer.first(`${BASE}/${envelope.type}`);
    assert.deepEqual(JSON.parse(text), envelope);
    assert.equal(packet.retain, false);
  }
  assert.deepEqual(observer.all(`${BASE}/edge_metrics`), []);
});

Deno.test("MqttSink publishes the state every second, without keys for withheld values", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  await using device = new SinkUnderTest(broker.port);
  device.sink.start();
  await observer.first(`${BASE}/availability`);
  device.offer(coreMetrics({ pulse: 71.5 }, 1_700_000_000_200_000));
  const { text, packet } = await observer.first(`${BASE}/state`, ({ text }) => /71\.5/.test(text));
  assert.deepEqual(JSON.parse(text), {
    pulse: 71.5,
    pulse_confidence: 0.95,
    timestamp: 1_700_000_000_200_000,
  });
  assert.equal(packet.retain, false);
  // The broker reports the seconds that remain.
  assert(packet.properties!.messageExpiryInterval! <= 3);
  device.offer(coreMetrics({ withheld: "motion" }, 1_700_000_000_400_000));
  const withheld = await observer.first(`${BASE}/state`, ({ text }) => /motion/.test(text));
  assert.deepEqual(JSON.parse(withheld.text), {
    withheld_pulse: "motion",
    withheld_breathing: "motion",
    timestamp: 1_700_000_000_400_000,
  });
});

Deno.test("MqttSink leaves nothing retained but availability and discovery", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  await using device = new SinkUnderTest(broker.port);
  device.sink.start();
  device.offer(recordingState(true));
  await observer.first(`${BASE}/state`, ({ text }) => /recording":true/.test(text));
  const late = await broker.observe();
  await late.first(`${BASE}/state`);
  const retained = late.messages.filter(({ packet }) => packet.retain).map(({ topic }) => topic);
  assert.deepEqual(retained.toSorted(), [CONFIG, `${BASE}/availability`].toSorted());
});

Deno.test("MqttSink applies ON, OFF and JSON commands, and ignores a retained one", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  await observer.publish(`${BASE}/recording/set`, "ON", true);
  await using device = new SinkUnderTest(broker.port);
  const { recording } = device;
  device.sink.start();
  await observer.first(`${BASE}/availability`);
  const send = (text: string) => observer.publish(`${BASE}/recording/set`, text);
  await send("no command");
  await waitFor(
    "the rejection",
    () =>
      device.counters.get("recording_commands_total", { origin: "mqtt", result: "not_json" }) === 1,
  );
  assert.deepEqual(recording.state, { recording: false });
  await send("ON");
  await waitFor("the recording", () => recording.state.recording);
  await send("OFF");
  await waitFor("the end of the recording", () => !recording.state.recording);
  await send('{"recording": true, "session_id": "visit-7"}');
  await waitFor("the session", () => recording.state.recording);
  assert.deepEqual(recording.state, { recording: true, sessionId: "visit-7" });
});

Deno.test("MqttSink publishes discovery again when Home Assistant starts", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  await using device = new SinkUnderTest(broker.port);
  device.sink.start();
  const { packet, text } = await observer.first(CONFIG);
  assert.equal(packet.qos, 1);
  assert.equal(JSON.parse(text).availability_topic, `${BASE}/availability`);
  await observer.publish("homeassistant/status", "offline");
  await observer.publish("homeassistant/status", "online");
  await waitFor("discovery", () => observer.all(CONFIG).length === 2);
});

Deno.test("MqttSink publishes offline when it is disposed", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  {
    await using device = new SinkUnderTest(broker.port);
    device.sink.start();
    await observer.first(`${BASE}/availability`, ({ text }) => text === "online");
  }
  await observer.first(`${BASE}/availability`, ({ text }) => text === "offline");
  assert.equal((await (await broker.observe()).first(`${BASE}/availability`)).text, "offline");
});

Deno.test("MqttSink drops and counts messages while the broker is away, and returns with all topics", async () => {
  await using broker = await startMosquitto();
  const first = await broker.observe();
  await using device = new SinkUnderTest(broker.port);
  device.sink.start();
  await first.first(`${BASE}/availability`);
  await broker.kill();
  await waitFor("the loss", () => device.log.linesWith("Lost the connection to MQTT").length > 0);
  for (let count = 0; count < 1000; count++) device.offer(coreMetrics({ pulse: 60 }));
  const dropped = { type: "core_metrics", reason: "disconnected" };
  assert.equal(device.counters.get("mqtt_dropped_total", dropped), 1000);
  await broker.restart();
  const observer = await broker.observe();
  assert.equal((await observer.first(`${BASE}/availability`)).text, "online");
  await observer.first(CONFIG);
  await observer.first(`${BASE}/state`);
  device.offer(coreMetrics({ pulse: 61 }));
  await observer.first(`${BASE}/core_metrics`, ({ text }) => /61/.test(text));
  assert.equal(observer.all(`${BASE}/core_metrics`).length, 1);
});

Deno.test("MqttSink notices a frozen broker within 1.5 keepalive intervals", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  await using device = new SinkUnderTest(broker.port);
  device.sink.start();
  await observer.first(`${BASE}/availability`);
  broker.freeze();
  const frozenMs = performance.now();
  // Messages go on meanwhile and must not postpone the ping.
  await waitFor("the loss", () => {
    device.offer(coreMetrics({ pulse: 60 }));
    return device.log.linesWith("Lost the connection to MQTT").length > 0;
  }, { timeoutMs: 15_000, pollMs: 50 });
  const noticedMs = performance.now() - frozenMs;
  assert(noticedMs < 8500, `${noticedMs} ms`);
  assert.match(device.log.linesWith("Lost the connection")[0]!, /Keepalive timeout/);
  broker.thaw();
  await waitFor("the new connection", () => device.log.linesWith("Connected to MQTT").length >= 2, {
    timeoutMs: 20_000,
  });
  const late = await broker.observe();
  await late.first(`${BASE}/state`);
  assert.equal(late.last(`${BASE}/availability`)?.text, "online");
});

Deno.test("MqttSink drops messages instead of filling the memory behind a slow broker", async () => {
  await using broker = await startMosquitto();
  await using device = new SinkUnderTest(broker.port);
  device.sink.start();
  await waitFor("the connection", () => device.log.linesWith("Connected to MQTT").length > 0);
  broker.freeze();
  const envelope = coreMetrics({ pulse: 60 });
  const large = { ...envelope, payload: { ...envelope.payload, padding: "x".repeat(50_000) } };
  const slow = { type: "core_metrics", reason: "slow" };
  // The system buffers some megabytes.
  for (let count = 0; count < 1000; count++) device.offer(large);
  await waitFor("dropped messages", () => {
    device.offer(large);
    return device.counters.get("mqtt_dropped_total", slow) > 0;
  });
  assert.equal(device.log.linesWith("Dropped a message to MQTT").length, 1);
  broker.thaw();
});

Deno.test("MqttSink is online after its connection was taken over by the same device id", async () => {
  await using broker = await startMosquitto();
  await using first = new SinkUnderTest(broker.port);
  await using second = new SinkUnderTest(broker.port);
  first.sink.start();
  await waitFor("the connection", () => first.log.linesWith("Connected to MQTT").length > 0);
  second.sink.start();
  await waitFor("the loss", () => first.log.linesWith("Lost the connection to MQTT").length > 0);
  // The Last Will of the first must not hide the second.
  const late = await broker.observe();
  await late.first(`${BASE}/availability`, ({ text }) => text === "online");
});

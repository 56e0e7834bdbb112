import assert from "node:assert/strict";
import { startMosquitto } from "../../../support/mosquitto.ts";
import { startProgram } from "../../../support/physiology_server.ts";
import { waitFor } from "../../../support/wait.ts";

/** Flags of a server that publishes to files, and to MQTT beside them. */
function serverFlags(broker: { readonly url: string; readonly folder: string }): string[] {
  return [
    "--simulate",
    "--streaming_backend=file",
    `--file_base_directory=${broker.folder}/output`,
    `--mqtt_url=${broker.url}`,
    "--mqtt_device_id=bed-7",
  ];
}

const BASE = "physiology/bed-7";

Deno.test("serve publishes vital signs to MQTT, records on command, and is offline at its end", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  await using server = startProgram(serverFlags(broker));
  const pulse = await observer.first(
    `${BASE}/state`,
    ({ text }) => JSON.parse(text).pulse !== undefined,
    60_000,
  );
  const state = JSON.parse(pulse.text);
  // On a machine with load, frames are missing, and the status may be another than OK.
  assert(Math.abs(state.pulse - 72) < 6, pulse.text);
  const { payload } = observer.all(`${BASE}/core_metrics`).map(({ text }) => JSON.parse(text))
    .find(({ timestamp }) => timestamp === state.timestamp);
  assert.deepEqual([state.pulse, state.pulse_confidence], [
    payload.pulse.strict.value,
    payload.pulse.strict.confidence,
  ]);
  assert.equal(state.recording, false);
  assert.equal(typeof state.status, "string");
  // The first states had a reason instead of a value.
  const [first] = observer.all(`${BASE}/state`).map(({ text }) => JSON.parse(text))
    .filter(({ withheld_pulse }) => withheld_pulse !== undefined);
  assert.equal("pulse" in first, false);
  await observer.publish(`${BASE}/recording/set`, "ON");
  const { text } = await observer.first(
    `${BASE}/recording_state`,
    ({ text }) => JSON.parse(text).payload.recording,
  );
  assert.match(text, /session_id/);
  await observer.first(`${BASE}/state`, ({ text }) => JSON.parse(text).recording);
  server.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  assert.equal(code, 0, stderr);
  await observer.first(`${BASE}/availability`, ({ text }) => text === "offline");
  assert.match(observer.last(`${BASE}/status`)!.text, /"STOPPING"/);
});

Deno.test("serve is offline by its Last Will after SIGKILL, and online again after a restart", async () => {
  await using broker = await startMosquitto();
  const observer = await broker.observe();
  {
    await using server = startProgram(serverFlags(broker));
    await observer.first(`${BASE}/availability`, ({ text }) => text === "online", 60_000);
    server.kill("SIGKILL");
    await observer.first(`${BASE}/availability`, ({ text }) => text === "offline");
  }
  await using _server = startProgram(serverFlags(broker));
  await waitFor(
    "online",
    () =>
      observer.all(`${BASE}/availability`).map(({ text }) => text).join() ===
        "online,offline,online",
    { timeoutMs: 60_000 },
  );
});

Deno.test("serve measures and stops in time while the MQTT broker is frozen or away", async () => {
  await using broker = await startMosquitto();
  await using server = startProgram(serverFlags(broker));
  await waitFor("the connection", () => server.stderr.includes("Connected to MQTT"), {
    timeoutMs: 60_000,
  });
  const lines = () => {
    try {
      return Deno.readTextFileSync(`${broker.folder}/output/core_metrics.jsonl`).split("\n").length;
    } catch {
      return 0;
    }
  };
  broker.freeze();
  const frozenAt = lines();
  await waitFor("metrics in files", () => lines() >= frozenAt + 10, { timeoutMs: 20_000 });
  assert.equal(server.stderr.includes("PUBLISH_DEGRADED"), false);
  const startedMs = performance.now();
  server.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  assert.equal(code, 0, stderr);
  assert(performance.now() - startedMs < 5000, "the end takes at most a second longer");
});

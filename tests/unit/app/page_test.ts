import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { openPage, type ServerState } from "../../../src/app/page.ts";
import { CommandHandler } from "../../../src/control/commands.ts";
import { Recording } from "../../../src/control/recording.ts";
import { Bus } from "../../../src/delivery/bus.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { Health, type HealthEvent } from "../../../src/telemetry/health.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { StreamProbe } from "../../support/stream_probe.ts";
import { freePort } from "../../support/free_port.ts";

const TOKEN = "a secret of 16 characters";
const BEARER = { authorization: `Bearer ${TOKEN}` };
const ALL: readonly HealthEvent[] = ["frame", "metric", "acknowledgement"];

/** The page of these flags, on a free port unless they name one. */
async function open(...argv: string[]) {
  const port = freePort();
  const clock = new ManualClock();
  const health = new Health(clock);
  const counters = new Counters();
  const recording = new Recording();
  const state: { current: ServerState } = {
    current: { status: "OK", metricsWanted: true, problem: undefined },
  };
  const flags = ["--simulate", `--http_port=${port}`, `--http_token=${TOKEN}`, ...argv];
  const { settings } = load(flags, { env: {}, readText: () => "" });
  const page = await openPage(settings, {
    commands: new CommandHandler({ recording, counters, log: silentLog }),
    health,
    counters,
    log: silentLog,
    state: () => state.current,
  });
  const url = (path: string) => `http://127.0.0.1:${port}${path}`;
  return {
    page,
    clock,
    health,
    counters,
    recording,
    state,
    url,
    get: async (path: string) => {
      const response = await fetch(url(path), { headers: BEARER });
      return { status: response.status, text: await response.text() };
    },
    [Symbol.asyncDispose]: async () => await page?.[Symbol.asyncDispose](),
  };
}

Deno.test("openPage() opens no page for port 0", async () => {
  assert.equal((await open("--http_port=0")).page, undefined);
});

Deno.test("openPage() serves the page, the counters and the stream of its sink under the key prefix", async () => {
  await using opened = await open("--redis_key_prefix=ward");
  opened.counters.add("frames_captured_total");
  const { sink } = opened.page!;
  assert.equal(sink.framesWanted, false);
  new Bus([sink]).publish(fakeStatus(1));
  assert.equal((await opened.get("/")).status, 200);
  assert.match(
    (await opened.get("/metrics")).text,
    /^physiology_frames_captured_total\{device="ward"\} 1$/m,
  );
  new Bus([sink]).publish(fakeMetrics(4)[0]!);
  const { text: metrics } = await opened.get("/metrics");
  assert.match(metrics, /^physiology_pulse_bpm\{device="ward"\} 72.5$/m);
  assert.match(metrics, /^physiology_status_code\{device="ward"\} 0$/m);
  await using probe = await StreamProbe.subscribed(
    opened.url("/"),
    { subscribe: ["status"] },
    { headers: BEARER },
  );
  await probe.receives("a status", ({ type, device }) => type === "status" && device === "ward");
});

Deno.test("openPage() requires the token of the settings", async () => {
  await using opened = await open();
  const response = await fetch(opened.url("/metrics"));
  await response.body?.cancel();
  assert.equal(response.status, 401);
});

Deno.test("openPage() stops listening when it is disposed", async () => {
  const opened = await open();
  await opened[Symbol.asyncDispose]();
  await assert.rejects(fetch(opened.url("/")));
});

Deno.test("openPage() applies recording commands of the page, and rejects one for another session", async () => {
  await using opened = await open();
  const bus = new Bus([opened.page!.sink]);
  bus.publish(fakeStatus(1));
  opened.recording.onChange(({ state }) =>
    bus.publish(fakeRecordingState(2, state.recording ? state.sessionId : undefined))
  );
  const command = async (content: object) => {
    const response = await fetch(opened.url("/api/recording"), {
      method: "POST",
      headers: { ...BEARER, "content-type": "application/json" },
      body: JSON.stringify({ device: "physiology", ...content }),
    });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await command({ recording: true, session_id: "a" }), 200);
  assert.deepEqual(opened.recording.state, { recording: true, sessionId: "a" });
  assert.equal(await command({ recording: false, session_id: "b" }), 504);
  assert.equal(opened.recording.state.recording, true);
  assert.equal(await command({ recording: false }), 200);
  const labels = { origin: "http", result: "changed" };
  assert.equal(opened.counters.get("recording_commands_total", labels), 2);
});

/** The status of `/healthz` and its reasons. */
async function healthOf({ get }: Awaited<ReturnType<typeof open>>): Promise<[number, string[]]> {
  const { status, text } = await get("/healthz");
  const { reasons, healthy } = JSON.parse(text);
  assert.equal(healthy, status === 200);
  return [status, reasons];
}

Deno.test("/healthz of a server allows 5 s without a frame or metrics, and 15 s without an acknowledgement", async () => {
  const limits = { frame: 5, metric: 5, acknowledgement: 15 };
  for (const missing of ALL) {
    await using opened = await open();
    const step = async (seconds: number) => {
      await opened.clock.advance(1000 * seconds);
      for (const event of ALL) if (event !== missing) opened.health.record(event);
      return (await healthOf(opened))[0];
    };
    opened.health.record(missing);
    assert.equal(await step(0.9 * limits[missing]), 200, missing);
    assert.equal(await step(0.2 * limits[missing]), 503, missing);
  }
});

Deno.test("/healthz of a server allows three buffer durations without metrics if they are longer", async () => {
  await using opened = await open("--buffer_duration=5");
  opened.health.record("metric");
  for (const [seconds, status] of [[14, 200], [2, 503]] as const) {
    await opened.clock.advance(1000 * seconds);
    opened.health.record("frame");
    opened.health.record("acknowledgement");
    assert.equal((await healthOf(opened))[0], status);
  }
});

Deno.test("/healthz of a server requires only frames while no metrics are published", async () => {
  await using opened = await open();
  opened.state.current = { status: "OK", metricsWanted: false, problem: undefined };
  await opened.clock.advance(60_000);
  opened.health.record("frame");
  assert.deepEqual(await healthOf(opened), [200, []]);
});

Deno.test("/healthz of a server reports a disconnected camera and the problem of the transport", async () => {
  await using opened = await open();
  for (const event of ALL) opened.health.record(event);
  opened.state.current = { ...opened.state.current, status: "CAMERA_DISCONNECTED" };
  assert.deepEqual(await healthOf(opened), [503, ["The camera is disconnected"]]);
  opened.state.current = { status: "PUBLISH_DEGRADED", metricsWanted: true, problem: "No Redis" };
  assert.deepEqual(await healthOf(opened), [503, ["No Redis"]]);
  opened.state.current = { status: undefined, metricsWanted: true, problem: undefined };
  assert.deepEqual(await healthOf(opened), [200, []]);
});

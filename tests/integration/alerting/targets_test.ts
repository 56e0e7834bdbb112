import assert from "node:assert/strict";
import type { Alert } from "../../../src/alerting/alert.ts";
import { sendHeartbeats } from "../../../src/alerting/heartbeat.ts";
import { readAlertRules } from "../../../src/alerting/targets.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { AlertProgram, PULSE_HIGH } from "../../support/alert_program.ts";
import { AlertReceiver } from "../../support/alert_receiver.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { startMosquitto } from "../../support/mosquitto.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("alert sends to ntfy, a broker of MQTT and a program, each on its own", async () => {
  using folder = temporaryFolder();
  await using redis = await startRedis();
  await using broker = await startMosquitto({ users: { nurse: "owl-7" } });
  const observer = await broker.observe("#", { username: "nurse", password: "owl-7" });
  await using receiver = await AlertReceiver.start(folder.path, ["503", "503"]);
  const password = `${folder.path}/password`;
  const written = `${folder.path}/written; touch injected`;
  Deno.writeTextFileSync(password, "owl-7\n");
  await using alert = await AlertProgram.start(redis, {
    folder: folder.path,
    rules: {
      rules: [PULSE_HIGH],
      notify: [
        {
          kind: "ntfy",
          url: `http://127.0.0.1:${receiver.port}`,
          topic: "ward-a",
          token_file: receiver.secretPath,
        },
        {
          kind: "mqtt",
          url: broker.url,
          topic: "ward/alerts",
          username: "nurse",
          password_file: password,
        },
        { kind: "command", program: "/usr/bin/tee", args: ["-a", written] },
      ],
    },
  });
  await alert.metrics({ pulse: 131 });
  const { text, packet } = await observer.first("ward/alerts");
  assert.equal(JSON.parse(text).message, "Pulse above 120");
  assert.equal(packet.qos, 1);
  assert.equal(observer.last("ward/alerts/availability")?.text, "online");
  const [, , ntfy] = await receiver.receives(3);
  assert.equal(ntfy?.authorization, "Bearer a secret of the test");
  assert.deepEqual(ntfy?.body, {
    topic: "ward-a",
    title: "bed-1",
    message: "bed-1: Pulse above 120 (131)",
    priority: 5,
    tags: ["rotating_light", "high"],
  });
  const line = await waitFor("the program's file", () => {
    const found = [...Deno.readDirSync(folder.path)].some(({ name }) =>
      name.startsWith("written;")
    );
    return found && Deno.readTextFileSync(written).trim();
  });
  assert.equal(JSON.parse(line).event, "raised");
  assert.equal(JSON.parse(line).id, JSON.parse(text).id);
  await broker.kill();
  await alert.metrics({ pulse: 80 });
  await alert.logs(/Cannot send an alert.*the broker has not acknowledged it/);
  await broker.restart();
  const again = await broker.observe("#", { username: "nurse", password: "owl-7" });
  await again.first("ward/alerts", ({ text }) => JSON.parse(text).event === "ended");
  broker.freeze();
  await alert.metrics({ pulse: 131 });
  await waitFor("the attempts while it is frozen", () => {
    return alert.program.stderr.split("has not acknowledged it").length > 2;
  }, { timeoutMs: 30_000 });
  broker.thaw();
  await again.first("ward/alerts", ({ text }) => JSON.parse(text).event === "raised", 40_000);
});

const ALERT: Alert = {
  id: "0",
  event: "raised",
  time: 1,
  device: "bed-1",
  rule: "high",
  priority: "high",
  message: "Pulse above 120",
  since: 1,
};

/** Sends an alert to a program; returns the error, if there is one. */
async function runProgram(target: object, signal = new AbortController().signal) {
  const rules = { rules: [PULSE_HIGH], notify: [{ kind: "command", ...target }] };
  const [program] = readAlertRules("rules.json", () => JSON.stringify(rules)).targets;
  await using notifier = await program!.open({ log: silentLog });
  return await notifier.send(ALERT, signal).then(() => undefined, (error) => error.message);
}

Deno.test("command reports the exit status of its program", async () => {
  assert.equal(await runProgram({ program: "/bin/true" }), undefined);
  assert.equal(await runProgram({ program: "/bin/false" }), "exit status 1");
});

Deno.test("command ends a program that does not end in time, before it starts too", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/started`;
  const target = { program: "/bin/sh", args: ["-c", `echo > ${path}; exec sleep 600`] };
  const ending = new AbortController();
  const running = runProgram(target, ending.signal);
  await waitFor("the program", () => [...Deno.readDirSync(folder.path)].length > 0);
  ending.abort();
  assert.equal(await running, "ended by SIGKILL");
  assert.equal(await runProgram(target, ending.signal), "ended by SIGKILL");
});

Deno.test("command passes no environment variable of the service on", async () => {
  using folder = temporaryFolder();
  Deno.env.set("PHYSIOLOGY_REDIS_PASSWORD", "owl-7");
  try {
    const path = `${folder.path}/environment`;
    const target = { program: "/bin/sh", args: ["-c", `env > ${path}`] };
    assert.equal(await runProgram(target), undefined);
    assert.ok(!Deno.readTextFileSync(path).includes("owl-7"));
  } finally {
    Deno.env.delete("PHYSIOLOGY_REDIS_PASSWORD");
  }
});

Deno.test("sendHeartbeats() requests its URL every minute while there is no problem", async () => {
  let requests = 0;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    requests++;
    return new Response(null, { status: requests === 3 ? 500 : 200 });
  });
  const clock = new ManualClock();
  const log = new CollectingLog();
  const ending = new AbortController();
  const link = { problem: undefined as string | undefined };
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  const running = sendHeartbeats({ url, problem: () => link.problem, clock, log }, ending.signal);
  for (let minute = 1; minute <= 3; minute++) {
    await waitFor(`request ${minute}`, () => requests === minute && clock.sleepers === 1);
    await clock.advance(60_000);
  }
  await waitFor("the fourth request", () => requests === 4 && clock.sleepers === 1);
  assert.equal(log.linesWith("No heartbeat").length, 1);
  link.problem = "no connection to Redis";
  await clock.advance(600_000);
  assert.equal(requests, 4);
  ending.abort();
  await running;
});

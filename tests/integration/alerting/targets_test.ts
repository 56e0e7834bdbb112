import assert from "node:assert/strict";
import { PULSE_HIGH } from "../../support/alarms.ts";
import { AlertProgram } from "../../support/alert_program.ts";
import { AlertReceiver } from "../../support/alert_receiver.ts";
import { temporaryFolder } from "../../support/folders.ts";
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

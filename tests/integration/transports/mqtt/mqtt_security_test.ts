import assert from "node:assert/strict";
import { load } from "../../../../src/app/flags.ts";
import { CommandHandler } from "../../../../src/control/commands.ts";
import { Recording } from "../../../../src/control/recording.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { mqttOutlet } from "../../../../src/transports/mqtt/outlet.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { clock } from "../../../support/messages.ts";
import { startMosquitto } from "../../../support/mosquitto.ts";
import { waitFor } from "../../../support/wait.ts";

/** Opens the outlet with these flags. */
async function openDevice(...argv: readonly string[]) {
  const { settings } = load(["--simulate", ...argv]);
  const [counters, log] = [new Counters(), new CollectingLog()];
  const recording = new Recording();
  const commands = new CommandHandler({ recording, counters, log });
  const outlet = await mqttOutlet.open(settings, { clock, counters, log, commands });
  outlet.sink.start?.();
  return {
    connected: () => waitFor("the connection", () => log.linesWith("Connected to MQTT").length > 0),
    failure: () => waitFor("a failure", () => log.linesWith("Cannot connect to MQTT")[0]),
    log,
    recording,
    [Symbol.asyncDispose]: () => outlet[Symbol.asyncDispose](),
  };
}

Deno.test("mqttOutlet logs in with a user name and a password from a file", async () => {
  await using broker = await startMosquitto({ users: { device: "secret-1" } });
  const file = `${broker.folder}/password`;
  Deno.writeTextFileSync(file, "secret-1\n");
  const url = `--mqtt_url=${broker.url}`;
  {
    await using device = await openDevice(
      url,
      "--mqtt_username=device",
      `--mqtt_password_file=${file}`,
    );
    await device.connected();
  }
  Deno.writeTextFileSync(file, "secret-2\n");
  await using wrong = await openDevice(
    url,
    "--mqtt_username=device",
    `--mqtt_password_file=${file}`,
  );
  assert.match(await wrong.failure(), /Not authorized/);
  await using anonymous = await openDevice(url);
  assert.match(await anonymous.failure(), /Not authorized/);
  assert.deepEqual(wrong.log.linesWith("secret-2"), []);
});

Deno.test("mqttOutlet verifies the broker's certificate and its name", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const { ca, server, otherName, expired, unknownCa } = makeCertificates(folder);
    const listener = ({ cert, key }: typeof server) => [`certfile ${cert}`, `keyfile ${key}`];
    {
      await using broker = await startMosquitto({ config: listener(server) });
      for (const host of ["127.0.0.1", "localhost"]) {
        const url = `--mqtt_url=mqtts://${host}:${broker.port}`;
        await using device = await openDevice(url, `--mqtt_tls_ca_path=${ca}`);
        await device.connected();
      }
      const url = `--mqtt_url=mqtts://127.0.0.1:${broker.port}`;
      await using stranger = await openDevice(url, `--mqtt_tls_ca_path=${unknownCa}`);
      assert.match(await stranger.failure(), /UnknownIssuer|BadSignature|unable to/i);
      await using systemOnly = await openDevice(url);
      assert.match(await systemOnly.failure(), /UnknownIssuer|unable to/i);
    }
    for (
      const [pair, reason] of [[otherName, /not valid for|altname/i], [
        expired,
        /expired/i,
      ]] as const
    ) {
      await using broker = await startMosquitto({ config: listener(pair) });
      const url = `--mqtt_url=mqtts://localhost:${broker.port}`;
      await using device = await openDevice(url, `--mqtt_tls_ca_path=${ca}`);
      assert.match(await device.failure(), reason);
      assert.deepEqual(device.log.linesWith("Connected to MQTT"), []);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("mqttOutlet presents a client certificate", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const { ca, server, client } = makeCertificates(folder);
    await using broker = await startMosquitto({
      config: [
        `cafile ${ca}`,
        `certfile ${server.cert}`,
        `keyfile ${server.key}`,
        "require_certificate true",
      ],
    });
    const argv = [`--mqtt_url=mqtts://localhost:${broker.port}`, `--mqtt_tls_ca_path=${ca}`];
    await using without = await openDevice(...argv);
    assert.match(await without.failure(), /certificate|closed/i);
    await using device = await openDevice(
      ...argv,
      `--mqtt_tls_cert_path=${client.cert}`,
      `--mqtt_tls_key_path=${client.key}`,
    );
    await device.connected();
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("mqttOutlet explains why it cannot connect", async () => {
  await using broker = await startMosquitto();
  await broker.kill();
  await using device = await openDevice(`--mqtt_url=${broker.url}`);
  assert.match(await device.failure(), /refused/i);
  await using name = await openDevice("--mqtt_url=mqtt://host.invalid");
  assert.match(await name.failure(), /ENOTFOUND|not known|lookup|resolve/i);
});

Deno.test("mqttOutlet needs no more rights than the ACL of docs/MQTT.md gives", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const page = Deno.readTextFileSync(new URL("../../../../docs/MQTT.md", import.meta.url));
    const [, rules] = /```\n(user physiology\n.*?)```/s.exec(page)!;
    const acl = `${folder}/acl`;
    Deno.writeTextFileSync(acl, `user observer\ntopic readwrite #\n${rules}`);
    await using broker = await startMosquitto({
      users: { physiology: "secret-1", observer: "secret-2" },
      config: [`acl_file ${acl}`],
    });
    const observer = await broker.observe("#", { username: "observer", password: "secret-2" });
    await using device = await openDevice(
      ...[`--mqtt_url=${broker.url}`, "--mqtt_device_id=bed-7"],
      ...["--mqtt_username=physiology", "--mqtt_password=secret-1"],
    );
    for (const topic of ["availability", "state"]) {
      await observer.first(`physiology/bed-7/${topic}`);
    }
    const config = "homeassistant/device/bed-7/config";
    await observer.first(config);
    await observer.publish("homeassistant/status", "online");
    await waitFor("discovery again", () => observer.all(config).length === 2);
    await observer.publish("physiology/bed-7/recording/set", "ON");
    await waitFor("the recording", () => device.recording.state.recording);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

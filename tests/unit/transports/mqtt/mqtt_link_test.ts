import assert from "node:assert/strict";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { MqttLink, type MqttLinkOptions } from "../../../../src/transports/mqtt/mqtt_link.ts";
import { ConfigError } from "../../../../src/base/errors.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { FakeMqttBroker } from "../../../support/fake_mqtt_broker.ts";
import { waitFor } from "../../../support/wait.ts";

function linkTo(port: number, options: Partial<MqttLinkOptions> = {}) {
  const [counters, log] = [new Counters(), new CollectingLog()];
  const link = new MqttLink({
    host: "127.0.0.1",
    port,
    tls: undefined,
    clientId: "bed-7",
    lastWill: { topic: "availability", payload: "offline", retained: true },
    subscriptions: ["recording/set"],
    onConnect: () => {},
    onMessage: () => {},
    counters,
    log,
    ...options,
  });
  return { link, counters, log, [Symbol.asyncDispose]: () => link.close() };
}

function lineOf(log: CollectingLog, text: string): Promise<string> {
  return waitFor(text, () => log.linesWith(text)[0]);
}

Deno.test("MqttLink reports a refused connection with its reason, and connects again", async () => {
  await using broker = new FakeMqttBroker();
  broker.connackCode = 0x87;
  await using device = linkTo(broker.port);
  device.link.start();
  assert.match(await lineOf(device.log, "Cannot connect to MQTT"), /Not authorized/);
  assert.equal(device.link.publish({ topic: "a", payload: "" }), "disconnected");
  broker.connackCode = 0;
  await waitFor("the connection", () => device.link.connected);
  assert.equal(device.link.publish({ topic: "a", payload: "" }), "sent");
  assert.equal(device.counters.get("mqtt_connections_total"), 1);
});

Deno.test("MqttLink reports a subscription that the broker rejects", async () => {
  await using broker = new FakeMqttBroker();
  broker.subackCode = 0x87;
  await using device = linkTo(broker.port);
  device.link.start();
  const line = await lineOf(device.log, "Cannot subscribe to MQTT");
  assert.match(line, /recording\/set.*Not authorized/);
});

Deno.test("MqttLink reports why the broker ended the connection", async () => {
  for (
    const [code, reason] of [
      [0x8e, "another client uses the id of this device"],
      [0x8b, "the broker ended the connection (reason code 139)"],
    ] as const
  ) {
    await using broker = new FakeMqttBroker();
    await using device = linkTo(broker.port);
    device.link.start();
    await waitFor("the connection", () => device.link.connected);
    await broker.disconnect(code);
    assert((await lineOf(device.log, "Lost the connection to MQTT")).includes(reason));
  }
});

Deno.test("MqttLink tries again while a TLS file cannot be used", async () => {
  await using broker = new FakeMqttBroker();
  let reads = 0;
  await using device = linkTo(broker.port, {
    tls: () => {
      reads++;
      throw new ConfigError("Cannot read the TLS file /ca.pem: no such file or directory");
    },
  });
  device.link.start();
  assert.match(await lineOf(device.log, "Cannot connect to MQTT"), /Cannot read the TLS file/);
  await waitFor("the next attempt", () => reads > 1);
});

Deno.test("MqttLink ends at once without a connection, and does not connect afterwards", async () => {
  await using device = linkTo(1);
  device.link.start();
  await device.link.close();
  device.link.start();
  assert.equal(device.link.connected, false);
});

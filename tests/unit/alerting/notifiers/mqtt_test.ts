import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/base/errors.ts";
import { DeliveryError } from "../../../../src/alerting/notifier.ts";
import { ALERT, openTarget } from "../../../support/alert_target.ts";
import { FakeMqttBroker } from "../../../support/fake_mqtt_broker.ts";
import { waitFor } from "../../../support/wait.ts";

const decoder = new TextDecoder();

type Message = [topic: string, payload: string];

/** The PUBLISH packets with QoS 1. */
function messagesOf({ published }: FakeMqttBroker): Message[] {
  return published.map((body) => {
    const end = 2 + (body[0]! << 8) + body[1]!;
    // A packet identifier and the length of the properties, which are below 128 bytes.
    const payload = end + 3 + body[end + 2]!;
    return [decoder.decode(body.subarray(2, end)), decoder.decode(body.subarray(payload))];
  });
}

Deno.test("mqtt publishes the alert to its topic, and that it is online", async () => {
  await using broker = new FakeMqttBroker();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  {
    await using notifier = await openTarget({ kind: "mqtt", url, topic: "ward/alerts" });
    await waitFor("the connection", () => broker.published.length > 0, { pollMs: 1 });
    await notifier.send(ALERT, AbortSignal.timeout(10_000));
  }
  const messages = messagesOf(broker);
  const [online, [topic, text]] = messages as [Message, Message];
  assert.deepEqual(online, ["ward/alerts/availability", "online"]);
  assert.deepEqual([topic, JSON.parse(text)], ["ward/alerts", ALERT]);
  assert.equal(messages.filter(([each]) => each === "ward/alerts").length, 1);
});

Deno.test("mqtt has a topic of its own by default, and can try again before it is connected", async () => {
  await using broker = new FakeMqttBroker();
  await using notifier = await openTarget({ kind: "mqtt", url: `mqtt://127.0.0.1:${broker.port}` });
  await assert.rejects(notifier.send(ALERT, AbortSignal.timeout(10_000)), (error) => {
    assert(error instanceof DeliveryError);
    return error.retry;
  });
  await waitFor("the connection", () => broker.published.length > 0, { pollMs: 1 });
  await notifier.send(ALERT, AbortSignal.timeout(10_000));
  assert.deepEqual(messagesOf(broker).map(([topic]) => topic), [
    "physiology/alerts/availability",
    "physiology/alerts",
  ]);
});

Deno.test("mqtt can try again without an acknowledgement", async () => {
  await using broker = new FakeMqttBroker();
  broker.acknowledges = false;
  const url = `mqtt://127.0.0.1:${broker.port}`;
  await using notifier = await openTarget({ kind: "mqtt", url });
  await waitFor("the connection", () => broker.published.length > 0, { pollMs: 1 });
  const ending = new AbortController();
  const sending = notifier.send(ALERT, ending.signal);
  const rejected = assert.rejects(sending, (error) => {
    assert(error instanceof DeliveryError);
    assert.equal(error.message, "the broker has not acknowledged it");
    return error.retry;
  });
  await waitFor("the message", () => broker.published.length > 1, { pollMs: 1 });
  ending.abort();
  await rejected;
});

Deno.test("mqtt refuses a file of certificate authorities that it cannot read, before it connects", async () => {
  const target = { kind: "mqtt", url: "mqtts://localhost:1", tls_ca_file: "/no/such/ca.pem" };
  await assert.rejects(openTarget(target), ConfigError);
});

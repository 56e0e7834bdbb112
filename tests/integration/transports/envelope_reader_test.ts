import assert from "node:assert/strict";
import { encodeEnvelope } from "../../../src/envelopes/envelope.ts";
import {
  type DeviceEnvelope,
  EnvelopeReader,
} from "../../../src/transports/redis/envelope_reader.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { goldenEnvelopes } from "../../support/golden_envelopes.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { coreMetric } from "../../support/messages.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

/** ioredis leaves the timers of commands that fail because the server is killed. */
const LIBRARY_LEAVES_TIMERS = { sanitizeOps: false, sanitizeResources: false } as const;

/** A reader at work, and what it has received. */
function startReader(
  server: RedisServer,
  { devices, usePubsub = true }: {
    readonly devices: readonly string[];
    readonly usePubsub?: boolean;
  },
) {
  const received: DeviceEnvelope[] = [];
  const stop = new AbortController();
  const reader = new EnvelopeReader({
    redis: optionsFor(server, { usePubsub }),
    devices,
    onEnvelope: (message) => received.push(message),
    log: new CollectingLog(),
    clock: new SystemClock(),
  });
  const run = reader.run(stop.signal);
  return {
    received,
    reader,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
      await reader[Symbol.asyncDispose]();
    },
  };
}

const text = (sequence: number) => new TextDecoder().decode(coreMetric(sequence).bytes);
const sequenceOf = ({ envelope }: DeviceEnvelope) =>
  (envelope.payload["metadata"] as { sequence: number }).sequence;

Deno.test("EnvelopeReader delivers every envelope of the named devices and patterns once", async () => {
  await using server = await startRedis();
  await using ends = startReader(server, { devices: ["ward-1", "ward-*", "lab:a"] });
  const client = server.client();
  await waitFor("subscriptions", async () =>
    Number(await client.pubsub("NUMPAT")) === 4 &&
    (await client.pubsub("CHANNELS", "lab:a:*") as string[]).length === 4);
  const goldens = goldenEnvelopes();
  for (const device of ["ward-1", "ward-2", "lab:a", "other"]) {
    for (const envelope of goldens) {
      await client.publish(
        `${device}:${envelope.type}`,
        new TextDecoder().decode(encodeEnvelope(envelope)),
      );
    }
  }
  await client.publish("ward-1:core_metrics", text(99));
  await waitFor(
    "the last",
    () => ends.received.some((each) => each.topic === "core_metrics" && sequenceOf(each) === 99),
  );
  const others = ends.received.slice(0, -1);
  assert.deepEqual(
    others,
    ["ward-1", "ward-2", "lab:a"].flatMap((device) =>
      goldens.map((envelope) => ({
        device,
        topic: envelope.type,
        envelope: JSON.parse(new TextDecoder().decode(encodeEnvelope(envelope))),
      }))
    ),
  );
});

Deno.test("EnvelopeReader ignores what is no envelope of its channel", async () => {
  await using server = await startRedis();
  await using ends = startReader(server, { devices: ["*"] });
  const client = server.client();
  await waitFor("subscriptions", async () => Number(await client.pubsub("NUMPAT")) === 4);
  await client.publish("ward:status", text(1)); // another type
  await client.publish("ward:core_metrics", "{");
  await client.publish("ward:core_metrics", "[".repeat(100_000));
  await client.publish("ward:core_metrics", '{"type":"core_metrics","timestamp":"1","payload":{}}');
  await client.publish(":core_metrics", text(2));
  await client.publish(`${"x".repeat(201)}:core_metrics`, text(3));
  await client.publish("ward:core_metrics", text(4));
  await waitFor("an envelope", () => ends.received.length > 0);
  assert.deepEqual(ends.received.map(sequenceOf), [4]);
});

Deno.test("EnvelopeReader goes on after Redis was killed", LIBRARY_LEAVES_TIMERS, async () => {
  await using server = await startRedis();
  await using ends = startReader(server, { devices: ["ward"] });
  await server.kill();
  await server.restart();
  const client = server.client();
  let sequence = 0;
  await waitFor("an envelope", async () => {
    await client.publish("ward:core_metrics", text(++sequence));
    return ends.received.length > 0;
  });
  assert.ok(ends.reader.ready);
});

Deno.test(
  "EnvelopeReader reads the histories of key-value mode, without a gap over a restart",
  LIBRARY_LEAVES_TIMERS,
  async () => {
    await using server = await startRedis({ args: ["--appendonly", "yes"] });
    await using outbox = startOutbox(optionsFor(server, { usePubsub: false }));
    await waitFor("a connection", () => outbox.backend.ready);
    const client = server.client();
    await client.xadd("physiology:status:history", "1-0", "envelope", "{}");
    await using ends = startReader(server, { devices: ["*"], usePubsub: false });
    let sequence = 0;
    const timer = setInterval(() => outbox.outbox.offer(coreMetric(++sequence)), 20);
    try {
      await waitFor("envelopes", () => ends.received.length > 10);
      await server.kill();
      await server.restart();
      const restarted = sequence;
      await waitFor("later ones", () => sequenceOf(ends.received.at(-1)!) > restarted + 20);
    } finally {
      clearInterval(timer);
    }
    const sequences = ends.received.map(sequenceOf);
    assert.deepEqual(sequences, sequences.map((_, index) => sequences[0]! + index));
  },
);

import assert from "node:assert/strict";
import type { FrameOutgoing } from "../../../../src/envelopes/message.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import {
  MAX_PICTURE_BYTES,
  PicturePublisher,
} from "../../../../src/transports/mqtt/picture_publisher.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { FakeMqttBroker } from "../../../support/fake_mqtt_broker.ts";
import { ManualClock } from "../../../support/manual_clock.ts";
import { frame } from "../../../support/messages.ts";
import { waitFor } from "../../../support/wait.ts";

const TOPIC = "physiology/bed-7/picture";

/** A publisher that is connected to `broker`, with a picture each 10 s. */
async function connect(broker: FakeMqttBroker) {
  const [counters, log, clock] = [new Counters(), new CollectingLog(), new ManualClock()];
  const publisher = new PicturePublisher({
    host: "127.0.0.1",
    port: broker.port,
    tls: undefined,
    clientId: "bed-7",
    topic: TOPIC,
    intervalS: 10,
  }, { counters, log, clock });
  assert.equal(publisher.wanted, false, "without a connection");
  publisher.start();
  await waitFor("the connection", () => publisher.wanted);
  return {
    publisher,
    counters,
    log,
    clock,
    acknowledged: (count: number) =>
      waitFor(
        "acknowledgements",
        () => counters.get("mqtt_published_total", { type: "picture" }) === count,
      ),
    [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose](),
  };
}

const dropped = (reason: string) => ({ type: "picture", reason });

/** Returns true if the packet ends with the bytes of the frame. */
function isPictureOf({ image: { jpeg } }: FrameOutgoing, packet: Uint8Array): boolean {
  return packet.subarray(-jpeg.length).every((byte, at) => byte === jpeg[at]);
}

Deno.test("PicturePublisher publishes one frame an interval, and wants none before the next", async () => {
  await using broker = new FakeMqttBroker();
  await using device = await connect(broker);
  const { publisher, clock } = device;
  const first = frame(1, 40_000);
  publisher.offer(first);
  publisher.offer(frame(2));
  await device.acknowledged(1);
  assert.equal(publisher.wanted, false);
  publisher.offer(frame(3));
  await clock.advance(9_900);
  assert.equal(publisher.wanted, false);
  // A frame that is late does not move the next one.
  await clock.advance(400);
  assert.equal(publisher.wanted, true);
  publisher.offer(frame(4));
  await device.acknowledged(2);
  await clock.advance(9_600);
  assert.equal(publisher.wanted, false);
  await clock.advance(100);
  assert.equal(publisher.wanted, true);
  assert.equal(broker.published.length, 2);
  assert(isPictureOf(first, broker.published[0]!));
});

Deno.test("PicturePublisher starts a new grid after a gap instead of catching up", async () => {
  await using broker = new FakeMqttBroker();
  await using device = await connect(broker);
  device.publisher.offer(frame(1));
  await device.acknowledged(1);
  await device.clock.advance(35_000);
  device.publisher.offer(frame(2));
  await device.acknowledged(2);
  await device.clock.advance(9_900);
  assert.equal(device.publisher.wanted, false);
  await device.clock.advance(100);
  assert.equal(device.publisher.wanted, true);
});

Deno.test("PicturePublisher wants no frame until the broker has acknowledged the last one", async () => {
  await using broker = new FakeMqttBroker();
  broker.acknowledges = false;
  await using device = await connect(broker);
  device.publisher.offer(frame(1));
  await waitFor("the picture", () => broker.published.length === 1);
  await device.clock.advance(30_000);
  assert.equal(device.publisher.wanted, false);
  device.publisher.offer(frame(2));
  await broker.disconnect(0x8b);
  await waitFor(
    "the drop",
    () => device.counters.get("mqtt_dropped_total", dropped("disconnected")) === 1,
  );
  broker.acknowledges = true;
  await waitFor("the next connection", () => device.publisher.wanted);
  const newest = frame(3, 30_001);
  device.publisher.offer(newest);
  await device.acknowledged(1);
  assert.equal(broker.published.length, 2);
  assert(isPictureOf(newest, broker.published[1]!));
});

Deno.test("PicturePublisher drops a picture that is larger than its limit or that of the broker", async () => {
  for (
    const { maxPacketBytes, fits, exceeds } of [
      { maxPacketBytes: undefined, fits: MAX_PICTURE_BYTES, exceeds: MAX_PICTURE_BYTES + 1 },
      { maxPacketBytes: 50_000, fits: 49_900, exceeds: 49_990 },
    ]
  ) {
    await using broker = new FakeMqttBroker();
    broker.maxPacketBytes = maxPacketBytes;
    await using device = await connect(broker);
    device.publisher.offer(frame(1, exceeds));
    assert.equal(device.counters.get("mqtt_dropped_total", dropped("too_large")), 1);
    assert.match(device.log.linesWith("it is too large")[0]!, new RegExp(`bytes=?.*${exceeds}`));
    await device.clock.advance(10_000);
    device.publisher.offer(frame(2, fits));
    await device.acknowledged(1);
    if (maxPacketBytes !== undefined) {
      const packetBytes = broker.published[0]!.length + 4;
      assert(packetBytes <= maxPacketBytes, `${packetBytes}`);
    }
  }
});

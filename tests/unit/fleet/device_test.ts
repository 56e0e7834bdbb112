import assert from "node:assert/strict";
import type { Topic } from "../../../src/envelopes/envelope.ts";
import type { Outgoing } from "../../../src/envelopes/message.ts";
import { FleetDevice } from "../../../src/fleet/device.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import { ManualClock } from "../../support/manual_clock.ts";

const decoder = new TextDecoder();

/** A device whose backend is connected, at the start of its clock. */
function start({ index = 0, jpeg }: {
  readonly index?: number;
  readonly jpeg?: Uint8Array<ArrayBuffer>;
} = {}) {
  const clock = new ManualClock();
  const backend = new FakeBackend();
  const startUs = clock.monotonicUs();
  const counters = new Counters();
  const device = new FleetDevice({ index, prefix: "fleet-1" }, {
    ...{ clock, counters, log: silentLog, backend, startUs, jpeg },
  });
  device.start();
  backend.setReady(true);
  const sent = (topic: Topic) => backend.sent.filter((each) => each.topic === topic);
  return {
    ...{ clock, backend, device },
    sent,
    /** The payloads of the metrics of a topic. */
    payloads: (topic: Topic) => sent(topic).map(payloadOf),
  };
}

// deno-lint-ignore no-explicit-any -- a payload as a subscriber reads it
function payloadOf(outgoing: Outgoing): any {
  assert(outgoing.kind === "metric");
  return JSON.parse(decoder.decode(outgoing.bytes)).payload;
}

Deno.test("FleetDevice publishes core metrics, and a status that does not change once", async () => {
  const { clock, device, payloads } = start();
  assert.equal(device.published("core_metrics"), 0);
  for (let message = 0; message < 10; message++) {
    device.publishCore(clock.monotonicUs());
    await clock.advance(200);
  }
  const core = payloads("core_metrics");
  assert.deepEqual(core.map(({ metadata }) => metadata.sequence), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert(core.every(({ metadata }) => metadata.simulated === true));
  assert.equal(device.published("core_metrics"), 10);
  assert.deepEqual(payloads("status").map(({ name, recording }) => [name, recording]), [
    ["OK", false],
  ]);
  assert.equal(device.published("status"), 1);
  assert.equal(device.published("frame"), 0);
  await device[Symbol.asyncDispose]();
});

Deno.test("FleetDevice has rates that differ from those of its neighbors", async () => {
  const rates = [];
  for (const index of [0, 1, 4, 7, 8, 50]) {
    const { clock, device, payloads } = start({ index });
    device.publishCore(clock.monotonicUs());
    const [{ pulse, breathing }] = payloads("core_metrics") as [
      Record<string, { strict: { value: number } }>,
    ];
    rates.push([index, pulse!.strict.value, breathing!.strict.value]);
    await device[Symbol.asyncDispose]();
  }
  assert.deepEqual(rates, [
    [0, 55, 10],
    [1, 62, 13],
    [4, 83, 10],
    [7, 104, 19],
    [8, 61, 10],
    [50, 55, 16],
  ]);
});

Deno.test("FleetDevice numbers its edge metrics, each with one sample of the breathing", async () => {
  const { clock, device, payloads } = start();
  for (let message = 0; message < 16; message++) {
    device.publishEdge(clock.monotonicUs());
    await clock.advance(33);
  }
  assert.equal(device.published("edge_metrics"), 16);
  const traces = payloads("edge_metrics").map(({ breathing }) => breathing.upper_trace);
  assert(traces.every((trace) => trace.length === 1));
  // A millimeter of a sine whose argument is the time at 30 frames/s.
  for (const [frame, [sample]] of traces.entries()) {
    assert(
      Math.abs(sample.value - 0.001 * Math.sin(frame / 30)) < 1e-5,
      `${frame} ${sample.value}`,
    );
  }
  await device[Symbol.asyncDispose]();
});

Deno.test("FleetDevice publishes frames to clients only, with their size", async () => {
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);
  const { clock, backend, device, sent } = start({ jpeg });
  backend.receivers = 0;
  device.publishFrame(clock.monotonicUs());
  await clock.advance(1000);
  const before = device.published("frame");
  device.publishFrame(clock.monotonicUs());
  assert.equal(device.published("frame"), before);
  backend.receivers = 1;
  await clock.advance(20_000); // within which it finds out that there is a client
  for (let frame = 0; frame < 3; frame++) {
    device.publishFrame(clock.monotonicUs());
    await clock.advance(100);
  }
  const frames = sent("frame");
  assert(device.published("frame") > before);
  const last = frames.at(-1)!;
  assert(last.kind === "frame");
  const { width, height, jpeg: image } = last.image;
  assert.deepEqual([width, height, image], [640, 480, jpeg]);
  await device[Symbol.asyncDispose]();
});

Deno.test("FleetDevice without an image publishes no frame", async () => {
  const { clock, device, sent } = start();
  device.publishFrame(clock.monotonicUs());
  await device.flush(100);
  assert.deepEqual([device.published("frame"), sent("frame")], [0, []]);
  await device[Symbol.asyncDispose]();
});

Deno.test("FleetDevice.flush() waits for what its peer has not acknowledged, up to its time", async () => {
  const { clock, backend, device } = start();
  backend.acknowledging = false;
  device.publishCore(clock.monotonicUs());
  let isFlushed = false;
  const flushing = device.flush(500).then(() => isFlushed = true);
  await clock.advance(499);
  assert.equal(isFlushed, false);
  backend.acknowledge();
  await clock.advance(100);
  assert.equal(isFlushed, true);
  await flushing;
  await device[Symbol.asyncDispose]();
  assert.equal(backend.disposed, 1);
});

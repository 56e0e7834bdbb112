import { epochUs, monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { Bus, type Sink } from "../../../src/delivery/bus.ts";
import type { Message } from "../../../src/envelopes/message.ts";
import { fakeJpeg, fakeRecordingState } from "../../support/fake_stream.ts";

class CollectingSink implements Sink {
  readonly messages: Message[] = [];
  offer(message: Message): void {
    this.messages.push(message);
  }
}

Deno.test("Bus.publish() hands one message, encoded once, to every sink", () => {
  const sinks = [new CollectingSink(), new CollectingSink()];
  const envelope = fakeRecordingState(0, "visit-7");
  new Bus(sinks).publish(envelope);
  const [first, second] = sinks.map(({ messages }) => messages[0]);
  assert(first?.kind === "metric" && first === second);
  assert.equal(first.envelope, envelope);
  assert.equal(first.bytes, first.bytes);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(first.bytes)), envelope);
});

Deno.test("Bus.publishFrame() hands the frame to every sink", () => {
  const sink = new CollectingSink();
  const timestamp = epochUs(5);
  const image = { timestamp, sequence: 1, width: 1, height: 1, jpeg: fakeJpeg() };
  const captureUs = monotonicUs(3);
  const frame = { kind: "frame", topic: "frame", timestamp, captureUs, image } as const;
  new Bus([sink]).publishFrame(frame);
  assert.deepEqual(sink.messages, [frame]);
});

Deno.test("Bus reports what any sink wants, and the first problem", () => {
  const sink = (parts: Partial<Sink>): Sink => ({ offer() {}, ...parts });
  const idle = new Bus([sink({}), sink({ framesWanted: false })]);
  assert.deepEqual([idle.framesWanted, idle.frameDegradation, idle.problem], [false, 0, undefined]);
  const busy = new Bus([
    sink({ frameDegradation: 0.2 }),
    sink({ framesWanted: true, frameDegradation: 0.7, problem: "Redis is unreachable" }),
    sink({ problem: "another" }),
  ]);
  assert.deepEqual(
    [busy.framesWanted, busy.frameDegradation, busy.problem],
    [true, 0.7, "Redis is unreachable"],
  );
});

Deno.test("Bus.start() and flush() reach every sink that has them", async () => {
  const calls: string[] = [];
  const bus = new Bus([{
    offer() {},
    start: () => void calls.push("start"),
    flush: (ms) => Promise.resolve(void calls.push(`flush ${ms}`)),
  }, { offer() {} }]);
  bus.start();
  await bus.flush(7);
  assert.deepEqual(calls, ["start", "flush 7"]);
});

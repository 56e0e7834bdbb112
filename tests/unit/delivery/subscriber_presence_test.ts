import assert from "node:assert/strict";
import { SubscriberPresence } from "../../../src/delivery/subscriber_presence.ts";
import { ManualClock } from "../../support/manual_clock.ts";

function start() {
  const clock = new ManualClock();
  return { clock, presence: new SubscriberPresence(clock) };
}

Deno.test("SubscriberPresence.retainFor() keeps messages until the time has passed", async () => {
  const { clock, presence } = start();
  assert.equal(presence.shouldRetain, false);
  presence.retainFor(5000);
  await clock.jump(4.999);
  assert.equal(presence.shouldRetain, true);
  await clock.jump(0.001);
  assert.equal(presence.shouldRetain, false);
});

Deno.test("SubscriberPresence.retainFor() never shortens the time", async () => {
  const { clock, presence } = start();
  presence.retainFor(10_000);
  presence.retainFor(1000);
  await clock.jump(9);
  assert.equal(presence.shouldRetain, true);
});

Deno.test("SubscriberPresence.update() ends the retention only if a message had a receiver", () => {
  for (
    const { receivers, present, shouldRetain } of [
      { receivers: undefined, present: false, shouldRetain: true },
      { receivers: 0, present: false, shouldRetain: true },
      { receivers: 1, present: true, shouldRetain: false },
    ]
  ) {
    const { presence } = start();
    presence.retainFor(1000);
    presence.update(receivers);
    assert.deepEqual([presence.present, presence.shouldRetain], [present, shouldRetain]);
  }
});

Deno.test("SubscriberPresence.present is that of the last message that was counted", () => {
  const { presence } = start();
  const seen = [2, undefined, 0, undefined].map((receivers) => {
    presence.update(receivers);
    return presence.present;
  });
  assert.deepEqual(seen, [true, true, false, false]);
});

import assert from "node:assert/strict";
import { SubscriberPresence } from "../../../src/delivery/subscriber_presence.ts";
import { ManualClock } from "../../support/manual_clock.ts";

function start({ isForLater = true } = {}) {
  const clock = new ManualClock();
  return { clock, presence: new SubscriberPresence(clock, { isForLater }) };
}

/** Asserts that messages are kept for this time from now on, in milliseconds. */
async function assertRetained({ clock, presence }: ReturnType<typeof start>, ms: number) {
  await clock.jump(ms - 0.001);
  assert.equal(presence.shouldRetain, true);
  await clock.jump(0.001);
  assert.equal(presence.shouldRetain, false);
}

Deno.test("SubscriberPresence keeps messages for 15 minutes if there were subscribers, or messages wait", async () => {
  const before = start({ isForLater: false });
  before.presence.update(1);
  before.presence.onReady({ hasWaiting: false });
  await assertRetained(before, 15 * 60_000);
  const waiting = start();
  waiting.presence.onReady({ hasWaiting: true });
  await assertRetained(waiting, 15 * 60_000);
  const neither = start();
  neither.presence.onReady({ hasWaiting: false });
  assert.equal(neither.presence.shouldRetain, false);
});

Deno.test("SubscriberPresence keeps what has no use for later subscribers from the second connection on", async () => {
  const ends = start({ isForLater: false });
  ends.presence.onReady({ hasWaiting: true });
  assert.equal(ends.presence.shouldRetain, false);
  ends.presence.onReady({ hasWaiting: true });
  await assertRetained(ends, 15 * 60_000);
});

Deno.test("SubscriberPresence keeps messages for 5 s while subscribers move, and never shortens that time", async () => {
  const ends = start();
  ends.presence.onMoving();
  await assertRetained(ends, 5000);
  const longer = start();
  longer.presence.onReady({ hasWaiting: true });
  longer.presence.onMoving();
  await assertRetained(longer, 15 * 60_000);
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
    presence.onMoving();
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

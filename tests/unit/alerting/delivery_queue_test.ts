import assert from "node:assert/strict";
import { type Alert, alertOf } from "../../../src/alerting/alert.ts";
import { DeliveryQueue } from "../../../src/alerting/delivery_queue.ts";
import { DeliveryError } from "../../../src/alerting/notifier.ts";
import type { Priority } from "../../../src/alarms/rules.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { fixedRandom } from "../../support/fixed_random.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";

const START_US = 1_700_000_000_000_000;

function alert(rule: string, priority: Priority = "high", time = START_US): Alert {
  return alertOf("raised", {
    device: "bed-1",
    rule,
    priority,
    since: START_US,
    message: "Pulse above 120",
  }, time);
}

type Answer = "accept" | "hang" | Error | Promise<void>;

/** A queue whose target gives these answers, then accepts. */
function queueFor(
  answers: Answer[],
  minPriority: Priority = "low",
  attemptMs: number | "default" = 60_000,
) {
  const clock = new ManualClock(START_US);
  const log = new CollectingLog();
  const sent: string[] = [];
  const ending = new AbortController();
  const queue = new DeliveryQueue({
    target: { name: "test", minPriority },
    notifier: {
      send: async ({ rule }, signal) => {
        sent.push(rule);
        const answer = answers.shift() ?? "accept";
        if (answer instanceof Error) throw answer;
        if (answer instanceof Promise) await answer;
        if (answer === "hang") {
          await new Promise((_, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason))
          );
        }
      },
    },
    clock,
    log,
    ...attemptMs === "default" ? {} : { attemptMs },
  });
  const running = queue.run(ending.signal);
  return {
    queue,
    clock,
    sent,
    log,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
    },
  };
}

Deno.test("DeliveryQueue sends in order and again after a failure", async () => {
  await using ends = queueFor([new Error("refused"), "accept"]);
  ends.queue.push(alert("a"));
  ends.queue.push(alert("b"));
  await settle();
  assert.deepEqual(ends.sent, ["a"]);
  assert.equal(ends.queue.isFailing, true);
  await ends.clock.advance(1000);
  assert.deepEqual(ends.sent, ["a", "a", "b"]);
  assert.equal(ends.queue.isFailing, false);
  assert.equal(ends.queue.length, 0);
});

Deno.test("DeliveryQueue waits as long as the target asks for", async () => {
  await using ends = queueFor([
    new DeliveryError("HTTP 429", { retry: true, retryAfterMs: 30_000 }),
  ]);
  ends.queue.push(alert("a"));
  await ends.clock.advance(29_900);
  assert.deepEqual(ends.sent, ["a"]);
  await ends.clock.advance(200);
  assert.deepEqual(ends.sent, ["a", "a"]);
});

Deno.test("DeliveryQueue drops what the target rejects, and goes on", async () => {
  await using ends = queueFor([new DeliveryError("HTTP 400", { retry: false })]);
  ends.queue.push(alert("a"));
  ends.queue.push(alert("b"));
  await settle();
  assert.deepEqual(ends.sent, ["a", "b"]);
  assert.equal(ends.queue.length, 0);
});

Deno.test("DeliveryQueue ends an attempt that gets no answer", async () => {
  await using ends = queueFor(["hang"], "low", 20);
  ends.queue.push(alert("a"));
  while (ends.clock.sleepers === 0) await settle();
  assert.match(ends.log.lines.join("\n"), /Cannot send an alert.*no answer in time/);
  await ends.clock.advance(1000);
  assert.deepEqual(ends.sent, ["a", "a"]);
});

Deno.test("DeliveryQueue drops the oldest alert when it is full", async () => {
  await using ends = queueFor(["hang"]);
  for (let n = 0; n < 1010; n++) ends.queue.push(alert(`${n}`));
  assert.equal(ends.queue.length, 1000);
});

Deno.test("DeliveryQueue keeps the newest thousand alerts, and delivers them in order", async () => {
  const accepted = Promise.withResolvers<void>();
  await using ends = queueFor([accepted.promise]);
  ends.queue.push(alert("0"));
  await settle(); // it is being sent
  for (let n = 1; n <= 999; n++) ends.queue.push(alert(`${n}`));
  assert.deepEqual([ends.queue.length, ends.log.lines.length], [1000, 0]);
  ends.queue.push(alert("1000"));
  assert.equal(ends.log.linesWith('Dropped an alert: queue is full target="test"').length, 1);
  accepted.resolve();
  while (ends.queue.length > 0) await settle();
  assert.deepEqual(ends.sent, Array.from({ length: 1001 }, (_, n) => `${n}`));
});

Deno.test("DeliveryQueue drops an alert that is older than an hour", async () => {
  await using ends = queueFor(Array.from({ length: 200 }, () => new Error("refused")));
  ends.queue.push(alert("a"));
  await ends.clock.advance(3_700_000);
  assert.equal(ends.queue.length, 0);
  assert.ok(ends.sent.length > 60 && ends.sent.length < 130, `${ends.sent.length} attempts`);
});

Deno.test("DeliveryQueue takes only alerts of the priority of its target", async () => {
  await using ends = queueFor([], "medium");
  for (const priority of ["high", "medium", "low"] as const) {
    ends.queue.push(alert(priority, priority));
  }
  await settle();
  assert.deepEqual(ends.sent, ["high", "medium"]);
});

Deno.test("DeliveryQueue.run() ends during an attempt and during a wait", async () => {
  {
    await using ends = queueFor(["hang"]);
    ends.queue.push(alert("a"));
    await settle();
  }
  await using ends = queueFor([new Error("refused")]);
  ends.queue.push(alert("a"));
  await settle();
});

Deno.test("DeliveryQueue doubles its delay up to a minute, and starts again after a delivery", async () => {
  using _random = fixedRandom(1); // the full delay
  const failures = Array.from({ length: 9 }, () => new Error("refused"));
  await using ends = queueFor([...failures, "accept", new Error("refused")]);
  ends.queue.push(alert("a"));
  await settle();
  for (const [failed, seconds] of [1, 2, 4, 8, 16, 32, 60, 60, 60].entries()) {
    assert.equal(ends.sent.length, failed + 1);
    await ends.clock.advance(seconds * 1000 - 1);
    assert.equal(ends.sent.length, failed + 1, `before ${seconds} s`);
    await ends.clock.advance(1);
  }
  assert.deepEqual([ends.sent.length, ends.queue.length], [10, 0]);
  ends.queue.push(alert("b"));
  await ends.clock.advance(999);
  assert.equal(ends.sent.length, 11);
  await ends.clock.advance(1);
  assert.equal(ends.sent.length, 12);
});

Deno.test("DeliveryQueue waits for its own delay if the target asks for less", async () => {
  using _random = fixedRandom(1);
  await using ends = queueFor([
    new DeliveryError("HTTP 429", { retry: true, retryAfterMs: 400 }),
  ]);
  ends.queue.push(alert("a"));
  await ends.clock.advance(999);
  assert.deepEqual(ends.sent, ["a"]);
  await ends.clock.advance(1);
  assert.deepEqual(ends.sent, ["a", "a"]);
});

Deno.test("DeliveryQueue sends an alert that is an hour old, and none that is older", async () => {
  await using ends = queueFor([]);
  const hourUs = 3_600_000_000;
  ends.queue.push(alert("older", "high", START_US - hourUs - 1));
  ends.queue.push(alert("an hour", "high", START_US - hourUs));
  await settle();
  assert.deepEqual([ends.sent, ends.queue.length], [["an hour"], 0]);
  assert.equal(ends.log.linesWith("it is older than 1 h").length, 1);
});

Deno.test("DeliveryQueue gives an attempt 10 s", async () => {
  using timers = new HeldTimers();
  using _random = fixedRandom(0);
  await using ends = queueFor(["hang"], "low", "default");
  ends.queue.push(alert("a"));
  await settle();
  timers.advance(9999);
  await settle();
  assert.deepEqual(ends.log.lines, []);
  timers.advance(1);
  await settle();
  assert.equal(ends.log.linesWith("no answer in time").length, 1);
});

Deno.test("DeliveryQueue sends an alert at once after a long idle time", async () => {
  await using ends = queueFor([]);
  await settle();
  assert.equal(ends.clock.sleepers, 1);
  await ends.clock.advance(120_000);
  ends.queue.push(alert("a"));
  await settle();
  assert.deepEqual(ends.sent, ["a"]);
});

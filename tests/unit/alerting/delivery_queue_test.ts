import assert from "node:assert/strict";
import { type Alert, alertOf } from "../../../src/alerting/alert.ts";
import { DeliveryQueue } from "../../../src/alerting/delivery_queue.ts";
import { DeliveryError } from "../../../src/alerting/notifier.ts";
import type { Priority } from "../../../src/alarms/rules.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";

const START_US = 1_700_000_000_000_000;

function alert(rule: string, priority: Priority = "high"): Alert {
  return alertOf("raised", {
    device: "bed-1",
    rule,
    priority,
    since: START_US,
    message: "Pulse above 120",
  }, START_US);
}

type Answer = "accept" | "hang" | Error;

/** A queue whose target gives these answers, then accepts. */
function queueFor(answers: Answer[], minPriority: Priority = "low", attemptMs = 60_000) {
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
        if (answer === "hang") {
          await new Promise((_, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason))
          );
        }
      },
    },
    clock,
    log,
    attemptMs,
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

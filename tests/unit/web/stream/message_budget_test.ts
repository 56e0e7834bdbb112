import assert from "node:assert/strict";
import { MessageBudget } from "../../../../src/web/stream/message_budget.ts";

Deno.test("MessageBudget allows 50 messages at once, and one more every 100 ms", () => {
  let nowMs = 1000;
  const budget = new MessageBudget(() => nowMs);
  const taken = (count: number) => Array.from({ length: count }, () => budget.take());
  assert.ok(taken(50).every(Boolean));
  assert.equal(budget.take(), false);
  // The message that was too many counts as well.
  nowMs += 190;
  assert.equal(budget.take(), false);
  nowMs += 210;
  assert.deepEqual(taken(3), [true, true, false]);
});

Deno.test("MessageBudget saves no more than its burst over a pause", () => {
  let nowMs = 0;
  const budget = new MessageBudget(() => nowMs);
  budget.take();
  nowMs = 3_600_000;
  const taken = Array.from({ length: 60 }, () => budget.take());
  assert.equal(taken.filter(Boolean).length, 50);
});

import assert from "node:assert/strict";

/** Asserts that a promise does not settle before the event loop goes on: the work is elsewhere. */
export async function assertNonblocking(promise: Promise<unknown>): Promise<void> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  for (let tick = 0; tick < 30; tick++) await Promise.resolve();
  assert.equal(settled, false, "the call blocked the event loop");
}

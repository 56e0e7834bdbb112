import assert from "node:assert/strict";

/**
 * Time for which calls are repeated, in milliseconds. On a busy machine, another thread may finish its
 * work before the call that started it has returned, also many times in a row. A call that blocks is
 * finished every time.
 */
const MAX_MS = 3000;

/** Calls until a promise is still pending after its call: its work is elsewhere. Returns its value. */
export async function assertNonblocking<Value>(call: () => Promise<Value>): Promise<Value> {
  const startMs = performance.now();
  while (true) {
    let settled = false;
    const promise = call();
    promise.then(() => settled = true, () => settled = true);
    // Microtasks only: results of other threads arrive with the event loop.
    for (let tick = 0; tick < 30; tick++) await Promise.resolve();
    const isPending = !settled;
    const value = await promise;
    if (isPending) return value;
    assert.ok(performance.now() - startMs < MAX_MS, "the call blocked the event loop");
  }
}

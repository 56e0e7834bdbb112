import assert from "node:assert/strict";
import { TimeLimit } from "../../../src/base/time_limit.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("TimeLimit aborts after its time, and says so", async () => {
  using limit = new TimeLimit(5, new AbortController().signal);
  await waitFor("the end of the time", () => limit.signal.aborted);
  assert.equal(limit.isOver, true);
  assert.equal(limit.signal.reason.message, "no answer in time");
});

Deno.test("TimeLimit aborts with the other signal, at once if that has aborted before", () => {
  const other = new AbortController();
  using before = new TimeLimit(60_000, other.signal);
  other.abort();
  using after = new TimeLimit(60_000, other.signal);
  assert.deepEqual([before, after].map(({ signal, isOver }) => [signal.aborted, isOver]), [
    [true, false],
    [true, false],
  ]);
});

Deno.test("TimeLimit leaves no timer and no listener behind", () => {
  const other = new AbortController();
  const listeners = { added: 0, removed: 0 };
  const { signal } = other;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.added++;
    add.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.removed++;
    remove.apply(signal, args);
  };
  for (let count = 0; count < 3; count++) new TimeLimit(60_000, signal)[Symbol.dispose]();
  assert.deepEqual(listeners, { added: 3, removed: 3 });
});

import { monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { StatusDebouncer } from "../../../src/envelopes/status.ts";
import type { StatusName } from "../../../src/vitals/condition/status_table.ts";

const MS = 1000;

/** Returns the statuses that are due for conditions observed every 100 ms, with their times. */
function dueStatuses(
  conditions: (ms: number) => StatusName,
  untilMs: number,
): [number, StatusName][] {
  const debouncer = new StatusDebouncer();
  const result: [number, StatusName][] = [];
  for (let ms = 0; ms <= untilMs; ms += 100) {
    const due = debouncer.observe(conditions(ms), monotonicUs(ms * MS));
    if (due) result.push([ms, due.name]);
  }
  return result;
}

Deno.test("StatusDebouncer publishes the first condition at once and repeats it every 5 s", () => {
  assert.deepEqual(dueStatuses(() => "OK", 11_000), [[0, "OK"], [5000, "OK"], [10_000, "OK"]]);
});

Deno.test("StatusDebouncer publishes a change after it has lasted 0.5 s", () => {
  const conditions = (ms: number) => ms < 1000 ? "OK" : "NO_FACES_FOUND";
  assert.deepEqual(dueStatuses(conditions, 3000), [[0, "OK"], [1500, "NO_FACES_FOUND"]]);
});

Deno.test("StatusDebouncer ignores short changes and keeps the heartbeat during them", () => {
  const conditions = (ms: number) => ms > 0 && ms % 300 === 0 ? "NO_FACES_FOUND" : "OK";
  assert.deepEqual(dueStatuses(conditions, 6000), [[0, "OK"], [5000, "OK"]]);
});

Deno.test("StatusDebouncer publishes an urgent condition at once", () => {
  const debouncer = new StatusDebouncer();
  debouncer.observe("OK", monotonicUs(0));
  assert.equal(
    debouncer.observe("STOPPING", monotonicUs(10 * MS), { urgent: true })?.name,
    "STOPPING",
  );
});

Deno.test("StatusDebouncer reports when the condition began", () => {
  const debouncer = new StatusDebouncer();
  debouncer.observe("OK", monotonicUs(0));
  debouncer.observe("IMAGE_TOO_DARK", monotonicUs(1000 * MS));
  assert.equal(debouncer.observe("IMAGE_TOO_DARK", monotonicUs(1600 * MS))?.sinceUs, 1000 * MS);
  assert.equal(debouncer.observe("IMAGE_TOO_DARK", monotonicUs(6600 * MS))?.sinceUs, 1000 * MS);
});

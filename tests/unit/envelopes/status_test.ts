import { monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { StatusDebouncer } from "../../../src/envelopes/status.ts";
import type { StatusName } from "../../../src/vitals/condition/status_table.ts";

const MS = 1000;

/** What is told when conditions are observed every 100 ms, as `[milliseconds, name]`. */
function told(conditions: (ms: number) => StatusName, untilMs: number): [number, StatusName][] {
  const hold = new StatusDebouncer();
  const result: [number, StatusName][] = [];
  for (let ms = 0; ms <= untilMs; ms += 100) {
    const due = hold.observe(conditions(ms), monotonicUs(ms * MS));
    if (due) result.push([ms, due.name]);
  }
  return result;
}

Deno.test("the first condition is told at once and again every five seconds", () => {
  assert.deepEqual(told(() => "OK", 11_000), [[0, "OK"], [5000, "OK"], [10_000, "OK"]]);
});

Deno.test("a change is told once it has held for half a second", () => {
  const conditions = (ms: number) => ms < 1000 ? "OK" : "NO_FACES_FOUND";
  assert.deepEqual(told(conditions, 3000), [[0, "OK"], [1500, "NO_FACES_FOUND"]]);
});

Deno.test("a blink of a condition is no news, and the heartbeat goes on through flicker", () => {
  const conditions = (ms: number) => ms > 0 && ms % 300 === 0 ? "NO_FACES_FOUND" : "OK";
  assert.deepEqual(told(conditions, 6000), [[0, "OK"], [5000, "OK"]]);
});

Deno.test("an urgent condition is told at once", () => {
  const hold = new StatusDebouncer();
  hold.observe("OK", monotonicUs(0));
  assert.equal(hold.observe("STOPPING", monotonicUs(10 * MS), { urgent: true })?.name, "STOPPING");
});

Deno.test("a status says since when it holds", () => {
  const hold = new StatusDebouncer();
  hold.observe("OK", monotonicUs(0));
  hold.observe("IMAGE_TOO_DARK", monotonicUs(1000 * MS));
  assert.equal(hold.observe("IMAGE_TOO_DARK", monotonicUs(1600 * MS))?.sinceUs, 1000 * MS);
  assert.equal(hold.observe("IMAGE_TOO_DARK", monotonicUs(6600 * MS))?.sinceUs, 1000 * MS);
});

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

/** A debouncer that has published `OK` at 0 s. */
function published(): (ms: number, name: StatusName, urgent?: boolean) => StatusName | undefined {
  const debouncer = new StatusDebouncer();
  debouncer.observe("OK", monotonicUs(0));
  return (ms, name, urgent = false) =>
    debouncer.observe(name, monotonicUs(Math.round(ms * MS)), { urgent })?.name;
}

Deno.test("StatusDebouncer.observe() holds a change back until it has lasted 0.5 s, to the microsecond", () => {
  const observe = published();
  assert.equal(observe(1000, "IMAGE_TOO_DARK"), undefined);
  assert.equal(observe(1499.999, "IMAGE_TOO_DARK"), undefined);
  assert.equal(observe(1500, "IMAGE_TOO_DARK"), "IMAGE_TOO_DARK");
  assert.equal(observe(1600, "IMAGE_TOO_DARK"), undefined);
});

Deno.test("StatusDebouncer.observe() counts the 0.5 s again after the condition was interrupted", () => {
  for (const interruption of ["OK", "NO_FACES_FOUND"] as const) {
    const observe = published();
    observe(1000, "IMAGE_TOO_DARK");
    observe(1400, interruption);
    assert.equal(observe(1500, "IMAGE_TOO_DARK"), undefined);
    assert.equal(observe(1999.999, "IMAGE_TOO_DARK"), undefined);
    assert.equal(observe(2000, "IMAGE_TOO_DARK"), "IMAGE_TOO_DARK");
  }
});

Deno.test("StatusDebouncer.observe() repeats a status 5 s after it was published, to the microsecond", () => {
  const observe = published();
  assert.equal(observe(4999.999, "OK"), undefined);
  assert.equal(observe(5000, "OK"), "OK");
  assert.equal(observe(9999.999, "OK"), undefined);
  assert.equal(observe(10_000, "OK"), "OK");
});

Deno.test("StatusDebouncer.observe() repeats the published status while another is held back", () => {
  const observe = published();
  assert.equal(observe(4800, "IMAGE_TOO_DARK"), undefined);
  assert.equal(observe(5000, "IMAGE_TOO_DARK"), "OK");
  assert.equal(observe(5300, "IMAGE_TOO_DARK"), "IMAGE_TOO_DARK");
  assert.equal(observe(10_299.999, "IMAGE_TOO_DARK"), undefined);
  assert.equal(observe(10_300, "IMAGE_TOO_DARK"), "IMAGE_TOO_DARK");
});

Deno.test("StatusDebouncer.observe() updates the detail of a status, and keeps its beginning", () => {
  const debouncer = new StatusDebouncer();
  debouncer.observe("PUBLISH_DEGRADED", monotonicUs(0), { detail: "first" });
  debouncer.observe("PUBLISH_DEGRADED", monotonicUs(1000 * MS), { detail: "second" });
  assert.deepEqual(
    debouncer.observe("PUBLISH_DEGRADED", monotonicUs(5000 * MS), { detail: "third" }),
    { name: "PUBLISH_DEGRADED", sinceUs: 0, detail: "third" },
  );
});

Deno.test("StatusDebouncer.current is the last published status", () => {
  const debouncer = new StatusDebouncer();
  assert.equal(debouncer.current, undefined);
  debouncer.observe("OK", monotonicUs(0));
  debouncer.observe("IMAGE_TOO_DARK", monotonicUs(100 * MS));
  assert.equal(debouncer.current, "OK");
  debouncer.observe("IMAGE_TOO_DARK", monotonicUs(600 * MS));
  assert.equal(debouncer.current, "IMAGE_TOO_DARK");
});

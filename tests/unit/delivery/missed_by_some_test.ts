import assert from "node:assert/strict";
import { MissedBySome } from "../../../src/delivery/missed_by_some.ts";

const record = (timestamp: number) => ({ timestamp, bytes: new Uint8Array(1) });

Deno.test("MissedBySome.take() returns what fewer had received, and forgets the rest", () => {
  const missed = new MissedBySome();
  missed.add(record(1), { receivers: 1, nowUs: 5 });
  missed.add(record(2), { receivers: 2, nowUs: 6 });
  assert.deepEqual(missed.take(2), [{ ...record(1), position: 0, queuedUs: 5, resent: true }]);
  assert.deepEqual(missed.take(Infinity), []);
});

Deno.test("MissedBySome.take() keeps the position of a metric and when it was queued", () => {
  const missed = new MissedBySome();
  const metric = { ...record(1), position: 7, queuedUs: 3 };
  missed.add(metric, { receivers: 1, nowUs: 9 });
  assert.deepEqual(missed.take(2), [{ ...metric, resent: true }]);
});

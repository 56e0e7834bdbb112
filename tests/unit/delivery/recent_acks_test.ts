import assert from "node:assert/strict";
import type { QueuedMetric } from "../../../src/delivery/backlog.ts";
import { RecentAcks } from "../../../src/delivery/recent_acks.ts";

const record = (timestamp: number) => ({ timestamp, bytes: new Uint8Array(1) });

Deno.test("RecentAcks.drain() returns what was acknowledged less than 1 s before", () => {
  const acks = new RecentAcks();
  acks.add(record(1), { receivers: 1, nowUs: 0 });
  acks.add(record(2), { receivers: 1, nowUs: 1 });
  const drained = acks.drain(1_000_000);
  assert.deepEqual(drained.map(({ timestamp }) => timestamp), [2]);
  assert.equal(drained[0]!.queuedUs, 1);
  assert.equal(drained[0]!.resent, true);
  assert.deepEqual(acks.drain(1_000_000), [], "each is returned once");
});

Deno.test("RecentAcks.add() keeps what was acknowledged less than 1 s before", () => {
  const acks = new RecentAcks();
  acks.add(record(1), { receivers: 1, nowUs: 0 });
  acks.add(record(2), { receivers: 1, nowUs: 999_999 });
  assert.deepEqual(acks.drain(999_999).map(({ timestamp }) => timestamp), [1, 2]);
});

Deno.test("RecentAcks.drain() keeps the position of a metric, and places spooled records first", () => {
  const acks = new RecentAcks();
  const live: QueuedMetric = { ...record(1), position: 7, queuedUs: 5 };
  acks.add(live, { receivers: 1, nowUs: 10 });
  acks.add(record(2), { receivers: 1, nowUs: 10 });
  assert.deepEqual(acks.drain(10).map(({ position, queuedUs }) => [position, queuedUs]), [
    [7, 5],
    [0, 10],
  ]);
});

Deno.test("RecentAcks.add() ignores a metric that was sent again", () => {
  const acks = new RecentAcks();
  acks.add(record(1), { receivers: 1, nowUs: 0 });
  const [resent] = acks.drain(0);
  acks.add(resent!, { receivers: 1, nowUs: 1 });
  assert.deepEqual(acks.drain(1), []);
});

Deno.test("RecentAcks.removeUnreceived() keeps what had a receiver, or a number that is not known", () => {
  const acks = new RecentAcks();
  [0, 1, undefined, 0].forEach((receivers, k) => acks.add(record(k), { receivers, nowUs: k }));
  acks.removeUnreceived();
  assert.deepEqual(acks.drain(4).map(({ timestamp }) => timestamp), [1, 2]);
});

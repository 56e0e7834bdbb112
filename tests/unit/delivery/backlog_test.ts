import assert from "node:assert/strict";
import { Backlog, type BacklogOptions, type QueuedMetric } from "../../../src/delivery/backlog.ts";
import { Spool } from "../../../src/delivery/spool/spool.ts";
import { temporaryFolder } from "../../support/folders.ts";

const SECOND_US = 1_000_000;

/** A metric that takes 1000 bytes of memory: its own 800, and 200 of the entry. */
function entry(position: number, queuedUs = 0): QueuedMetric {
  return { position, queuedUs, timestamp: position, bytes: new Uint8Array(800) };
}

function backlogOf(options: Partial<BacklogOptions> = {}) {
  const drops: [string, number][] = [];
  const backlog = new Backlog({
    memoryBytes: 10_000,
    maxAgeMs: 60_000,
    onDrop: (reason, count) => void drops.push([reason, count]),
    ...options,
  });
  return { backlog, drops };
}

/** A backlog with a spool in a temporary folder. */
function spooledBacklog() {
  const folder = temporaryFolder();
  const spool = new Spool({
    folder: folder.path,
    maxBytes: 1_000_000,
    maxAgeMs: 60_000,
    onDrop: () => {},
  });
  return { ...backlogOf({ spool }), [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function positionsOf(records: readonly object[]): unknown[] {
  return records.map((record) => "position" in record ? record.position : undefined);
}

Deno.test("Backlog.insert() keeps as many metrics as fit into the memory limit, and no more", async () => {
  const { backlog, drops } = backlogOf();
  for (let position = 1; position <= 10; position++) backlog.insert(entry(position));
  assert.equal(backlog.memoryBytes, 10_000);
  assert.deepEqual(drops, []);
  backlog.insert(entry(11));
  assert.equal(backlog.memoryBytes, 10_000);
  assert.deepEqual(drops, [["queue_full", 1]]);
  assert.deepEqual(positionsOf(await backlog.peek(2)), [2, 3]);
});

Deno.test("Backlog.insert() keeps the newest metric even if it exceeds the limit alone", () => {
  const { backlog, drops } = backlogOf({ memoryBytes: 999 });
  backlog.insert(entry(1));
  assert.deepEqual([backlog.length, drops], [1, []]);
  backlog.insert(entry(2));
  assert.deepEqual([backlog.length, drops], [1, [["queue_full", 1]]]);
});

Deno.test("Backlog.insert() drops metrics beside a spool only above twice the memory limit", () => {
  using fixture = spooledBacklog();
  const { backlog, drops } = fixture;
  for (let position = 1; position <= 20; position++) backlog.insert(entry(position));
  assert.deepEqual(drops, []);
  backlog.insert(entry(21));
  assert.deepEqual(drops, [["queue_full", 1]]);
});

Deno.test("Backlog.insert() sorts by position", async () => {
  const { backlog } = backlogOf();
  for (const position of [3, 1, 4, 2]) backlog.insert(entry(position));
  assert.deepEqual(positionsOf(await backlog.peek(9)), [1, 2, 3, 4]);
});

Deno.test("Backlog.expire() drops what has waited for longer than the age limit", async () => {
  const { backlog, drops } = backlogOf();
  backlog.insert(entry(1, 0));
  backlog.insert(entry(2, 1));
  await backlog.expire({ nowUs: 60 * SECOND_US, epochUs: 0 });
  assert.deepEqual(drops, []);
  await backlog.expire({ nowUs: 60 * SECOND_US + 1, epochUs: 0 });
  assert.deepEqual(drops, [["too_old", 1]]);
  assert.equal(backlog.memoryBytes, 1000);
  assert.deepEqual(positionsOf(await backlog.peek(9)), [2]);
});

Deno.test("Backlog.shouldSpill() is true above the memory limit", () => {
  using fixture = spooledBacklog();
  const { backlog } = fixture;
  for (let position = 1; position <= 10; position++) backlog.insert(entry(position));
  assert.equal(backlog.shouldSpill(0), false);
  backlog.insert(entry(11));
  assert.equal(backlog.shouldSpill(0), true);
});

Deno.test("Backlog.shouldSpill() is true if the oldest metric has waited for longer than 10 s", () => {
  using fixture = spooledBacklog();
  const { backlog } = fixture;
  assert.equal(backlog.shouldSpill(100 * SECOND_US), false);
  backlog.insert(entry(1, SECOND_US));
  assert.equal(backlog.shouldSpill(11 * SECOND_US), false);
  assert.equal(backlog.shouldSpill(11 * SECOND_US + 1), true);
});

Deno.test("Backlog.shouldSpill() is false without a spool", () => {
  const { backlog } = backlogOf({ memoryBytes: 1 });
  backlog.insert(entry(1));
  assert.equal(backlog.shouldSpill(100 * SECOND_US), false);
});

Deno.test("Backlog.spill() moves the metrics before a position to the spool, which is read first", async () => {
  using fixture = spooledBacklog();
  const { backlog } = fixture;
  await backlog.open();
  for (let position = 1; position <= 4; position++) backlog.insert(entry(position));
  await backlog.spill({ before: 3 });
  assert.deepEqual([backlog.length, backlog.memoryBytes], [4, 2000]);
  assert.ok(backlog.spoolBytes >= 1600, `${backlog.spoolBytes}`);
  const spooled = await backlog.peek(9);
  assert.deepEqual(spooled.map(({ timestamp }) => timestamp), [1, 2]);
  await backlog.remove(spooled);
  assert.deepEqual(positionsOf(await backlog.peek(9)), [3, 4]);
  assert.equal(backlog.length, 2);
});

Deno.test("Backlog.remove() removes what was peeked, although others were inserted since", async () => {
  const { backlog } = backlogOf();
  for (const position of [2, 3]) backlog.insert(entry(position));
  const peeked = await backlog.peek(1);
  backlog.insert(entry(1));
  await backlog.remove(peeked);
  assert.deepEqual(positionsOf(await backlog.peek(9)), [1, 3]);
  assert.equal(backlog.memoryBytes, 2000);
});

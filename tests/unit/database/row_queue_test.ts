import assert from "node:assert/strict";
import { Spool } from "../../../src/delivery/spool/spool.ts";
import { RowQueue } from "../../../src/database/row_queue.ts";
import type { Row } from "../../../src/database/tables.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { temporaryFolder } from "../../support/folders.ts";

const sequencesOf = (rows: readonly Row[]) =>
  rows.map(({ values }) => "sequence" in values ? values.sequence : undefined);

function fill(queue: RowQueue, from: number, to: number): void {
  for (let sequence = from; sequence <= to; sequence++) queue.add(measurementRow(sequence));
}

/** Takes every row of the queue, in batches of three. */
async function drain(queue: RowQueue): Promise<unknown[]> {
  const sequences = [];
  for (let rows = await queue.next(3); rows.length > 0; rows = await queue.next(3)) {
    sequences.push(...sequencesOf(rows));
    await queue.complete();
  }
  return sequences;
}

async function openSpool(folder: string, maxBytes = 1e6) {
  const drops: [string, number][] = [];
  const onDrop = (reason: string, count: number) => drops.push([reason, count]);
  const spool = new Spool({
    folder,
    identity: "test",
    maxBytes,
    maxAgeMs: Infinity,
    onDrop,
    onSkip: () => {},
    onMismatch: () => {},
  });
  await spool.open();
  return { queue: new RowQueue({ maxRows: 10, spool, onDrop }), spool, drops };
}

Deno.test("RowQueue.next() returns the same rows until they are complete", async () => {
  const queue = new RowQueue({ maxRows: 10, onDrop: () => {} });
  assert.deepEqual(await queue.next(3), []);
  fill(queue, 1, 4);
  assert.deepEqual(sequencesOf(await queue.next(3)), [1, 2, 3]);
  queue.add(measurementRow(5));
  assert.deepEqual(sequencesOf(await queue.next(3)), [1, 2, 3]);
  assert.equal(queue.length, 5);
  await queue.complete();
  assert.deepEqual(sequencesOf(await queue.next(3)), [4, 5]);
  await queue.complete();
  assert.equal(queue.length, 0);
});

Deno.test("RowQueue.add() drops the oldest rows over the limit, and reports them", async () => {
  let dropped = 0;
  const queue = new RowQueue({
    maxRows: 10,
    onDrop: (reason, count) => {
      assert.equal(reason, "memory_full");
      dropped += count;
    },
  });
  fill(queue, 1, 10);
  assert.equal(dropped, 0);
  fill(queue, 11, 12);
  assert.equal(dropped, 2);
  assert.deepEqual(await drain(queue), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

Deno.test("RowQueue.spill() keeps the order, also over a restart", async () => {
  using folder = temporaryFolder();
  {
    const { queue } = await openSpool(folder.path);
    fill(queue, 1, 5);
    await queue.next(3);
    await queue.spill();
    fill(queue, 6, 7);
    assert.equal(queue.length, 7);
    assert.deepEqual(sequencesOf(await queue.next(3)), [1, 2, 3]);
    await queue.complete();
    assert.deepEqual(sequencesOf(await queue.next(3)), [4, 5]);
    await queue.spill(); // those in memory only
    assert.deepEqual(sequencesOf(await queue.next(3)), [4, 5]);
    assert.equal(queue.length, 4);
  }
  const { queue } = await openSpool(folder.path);
  assert.deepEqual(await drain(queue), [4, 5, 6, 7]);
});

Deno.test("RowQueue.spill() keeps the rows in memory if the disk fails", async () => {
  let dropped = 0;
  const spool = {
    length: 0,
    append: () => {
      queue.add(measurementRow(11));
      return Promise.reject(new Error("no space"));
    },
    peek: () => Promise.resolve([]),
    remove: () => Promise.resolve(),
  };
  const queue = new RowQueue({ maxRows: 10, spool, onDrop: (_, count) => dropped += count });
  fill(queue, 1, 10);
  await queue.next(3);
  await assert.rejects(queue.spill(), /no space/);
  assert.equal(dropped, 1);
  assert.deepEqual(await drain(queue), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

Deno.test("RowQueue.next() leaves out what is no row, and reports it", async () => {
  using folder = temporaryFolder();
  const { queue, spool, drops } = await openSpool(folder.path);
  const encode = (value: unknown) => ({
    timestamp: 1,
    bytes: new TextEncoder().encode(JSON.stringify(value)),
  });
  const valid = measurementRow(1);
  await spool.append([
    encode("row"),
    encode({ table: "toString", values: {} }),
    encode({ table: "measurements", values: { device: "a" } }),
    encode({ table: "measurements" }),
    encode(valid),
  ]);
  assert.deepEqual(await drain(queue), [1]);
  assert.equal(drops.reduce((sum, [, count]) => sum + count, 0), 4);
  assert(drops.every(([reason]) => reason === "damaged"));
});

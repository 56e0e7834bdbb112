import assert from "node:assert/strict";
import { Backlog, type BacklogOptions, type QueuedMetric } from "../../../src/delivery/backlog.ts";
import { Spool } from "../../../src/delivery/spool/spool.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { ManualClock } from "../../support/manual_clock.ts";

const SECOND_US = 1_000_000;

/** A metric that takes 1000 bytes of memory: its own 800, and 200 of the entry. */
function entry(position: number, queuedUs = 0): QueuedMetric {
  return { position, queuedUs, timestamp: position, bytes: new Uint8Array(800) };
}

function backlogOf(options: Partial<BacklogOptions> = {}) {
  const drops: [string, number][] = [];
  const problems: string[] = [];
  const clock = new ManualClock(0);
  const backlog = new Backlog({
    memoryBytes: 10_000,
    maxAgeMs: 60_000,
    clock,
    onDrop: (reason, count) => void drops.push([reason, count]),
    onProblem: (problem) => void problems.push(problem),
    ...options,
  });
  return { backlog, drops, problems, clock };
}

/** A backlog with a spool in a temporary folder; `state` changes whose spool it is. */
function spooledBacklog(options: Partial<BacklogOptions> = {}) {
  const folder = temporaryFolder();
  const state = { identity: "a", opens: 0, broken: false };
  const open = async () => {
    state.opens++;
    if (state.broken) throw new Error("no such folder");
    const spool = new Spool({
      folder: `${folder.path}/${state.identity}`,
      identity: state.identity,
      maxBytes: 1_000_000,
      maxAgeMs: 60_000,
      onDrop: () => {},
      onSkip: () => {},
      onMismatch: () => {},
    });
    await spool.open();
    return spool;
  };
  const spool = { path: folder.path, identity: () => state.identity, open };
  return {
    ...backlogOf({ spool, ...options }),
    state,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** Runs `work` while no file can be opened, as on a full disk or without file descriptors. */
async function withoutFiles(work: () => Promise<void>): Promise<void> {
  const { open } = Deno;
  Deno.open = () => Promise.reject(new Error("The disk is full"));
  try {
    await work();
  } finally {
    Deno.open = open;
  }
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

Deno.test("Backlog.maintain() drops what has waited for longer than the age limit", async () => {
  const { backlog, drops, clock } = backlogOf();
  backlog.insert(entry(1, 0));
  backlog.insert(entry(2, 1));
  await clock.advance(60_000);
  await backlog.maintain({ before: Infinity });
  assert.deepEqual(drops, []);
  await clock.advance(0.001);
  await backlog.maintain({ before: Infinity });
  assert.deepEqual(drops, [["too_old", 1]]);
  assert.equal(backlog.memoryBytes, 1000);
  assert.deepEqual(positionsOf(await backlog.peek(9)), [2]);
});

Deno.test("Backlog.maintain() spools metrics above the memory limit", async () => {
  using fixture = spooledBacklog();
  const { backlog } = fixture;
  for (let position = 1; position <= 10; position++) backlog.insert(entry(position));
  await backlog.maintain({ before: Infinity });
  assert.equal(backlog.memoryBytes, 10_000);
  backlog.insert(entry(11));
  assert.equal(backlog.msUntilMaintenance, 0);
  await backlog.maintain({ before: Infinity });
  assert.deepEqual([backlog.memoryBytes, backlog.length], [0, 11]);
});

Deno.test("Backlog.maintain() spools metrics if the oldest has waited for longer than 10 s", async () => {
  using fixture = spooledBacklog();
  const { backlog, clock } = fixture;
  await backlog.maintain({ before: Infinity });
  assert.equal(backlog.msUntilMaintenance, 60_000);
  backlog.insert(entry(1, SECOND_US));
  assert.equal(backlog.msUntilMaintenance, 11_000.001);
  await clock.advance(11_000);
  await backlog.maintain({ before: Infinity });
  assert.equal(backlog.memoryBytes, 1000);
  await clock.advance(backlog.msUntilMaintenance);
  await backlog.maintain({ before: Infinity });
  assert.equal(backlog.memoryBytes, 0);
});

Deno.test("Backlog.maintain() spools nothing without a spool", async () => {
  const { backlog, drops, clock } = backlogOf({ memoryBytes: 1 });
  backlog.insert(entry(1));
  await clock.advance(20_000);
  await backlog.maintain({ before: Infinity });
  assert.deepEqual([backlog.length, backlog.msUntilMaintenance, drops], [1, 60_000, []]);
});

Deno.test("Backlog.maintain() moves the metrics before a position to the spool, which is read first", async () => {
  using fixture = spooledBacklog({ memoryBytes: 3999 });
  const { backlog } = fixture;
  for (let position = 1; position <= 4; position++) backlog.insert(entry(position));
  await backlog.maintain({ before: 3 });
  assert.deepEqual([backlog.length, backlog.memoryBytes], [4, 2000]);
  assert.ok(backlog.spoolBytes >= 1600, `${backlog.spoolBytes}`);
  const spooled = await backlog.peek(9);
  assert.deepEqual(spooled.map(({ timestamp }) => timestamp), [1, 2]);
  await backlog.remove(spooled);
  assert.deepEqual(positionsOf(await backlog.peek(9)), [3, 4]);
  assert.equal(backlog.length, 2);
});

Deno.test("Backlog.maintain() pauses for 500 ms if metrics in flight let it move none", async () => {
  using fixture = spooledBacklog({ memoryBytes: 1 });
  const { backlog } = fixture;
  backlog.insert(entry(2));
  await backlog.maintain({ before: 1 });
  assert.equal(backlog.msUntilMaintenance, 500);
});

Deno.test("Backlog.maintain() opens its spool again every 500 ms while that fails", async () => {
  using fixture = spooledBacklog();
  const { backlog, state, problems, clock } = fixture;
  state.broken = true;
  await backlog.maintain({ before: Infinity });
  await backlog.maintain({ before: Infinity });
  assert.deepEqual([state.opens, backlog.msUntilMaintenance], [1, 500]);
  assert.match(
    backlog.problem ?? "",
    /^Cannot use the spool in .*: no such folder: check the folder/,
  );
  assert.equal(problems.length, 1);
  state.broken = false;
  await clock.advance(500);
  await backlog.maintain({ before: Infinity });
  assert.deepEqual([state.opens, backlog.problem], [2, undefined]);
});

Deno.test("Backlog.maintain() opens another spool when the publisher changes, and leaves the old one", async () => {
  using fixture = spooledBacklog({ memoryBytes: 1 });
  const { backlog, state } = fixture;
  backlog.insert(entry(1));
  await backlog.maintain({ before: Infinity });
  state.identity = "b";
  backlog.insert(entry(2));
  await backlog.maintain({ before: Infinity });
  const timestamps = async () => (await backlog.peek(9)).map(({ timestamp }) => timestamp);
  assert.deepEqual(await timestamps(), [2]);
  state.identity = "a";
  await backlog.maintain({ before: Infinity });
  assert.deepEqual(await timestamps(), [1]);
});

Deno.test("Backlog reports that it cannot spool only while it has to", async () => {
  using fixture = spooledBacklog({ memoryBytes: 1000 });
  const { backlog, clock } = fixture;
  await backlog.maintain({ before: Infinity });
  await withoutFiles(async () => {
    for (const position of [1, 2]) backlog.insert(entry(position));
    await backlog.maintain({ before: Infinity });
    assert.match(backlog.problem ?? "", /^Cannot write to the spool in .*: The disk is full: free/);
    assert.deepEqual([backlog.msUntilMaintenance, backlog.memoryBytes], [500, 2000]);
    await backlog.remove(await backlog.peek(1));
    await clock.advance(500);
    await backlog.maintain({ before: Infinity });
    assert.equal(backlog.problem, undefined, "memory suffices again");
  });
});

Deno.test("Backlog reports a spool that cannot be read until it can", async () => {
  using fixture = spooledBacklog({ memoryBytes: 1 });
  const { backlog } = fixture;
  backlog.insert(entry(1));
  await backlog.maintain({ before: Infinity });
  const { readFile } = Deno;
  Deno.readFile = () => Promise.reject(new Error("Too many open files"));
  try {
    assert.deepEqual(await backlog.peek(1), []);
  } finally {
    Deno.readFile = readFile;
  }
  assert.match(backlog.problem ?? "", /^Cannot read the spool in .*: Too many open files: check/);
  assert.equal((await backlog.peek(1)).length, 1);
  assert.equal(backlog.problem, undefined);
});

Deno.test("Backlog.close() spools everything, and counts what it cannot", async () => {
  using fixture = spooledBacklog();
  const { backlog, drops } = fixture;
  for (const position of [1, 2]) backlog.insert(entry(position));
  await backlog.close();
  assert.deepEqual([backlog.memoryBytes, backlog.length, drops], [0, 2, []]);
  for (const position of [3, 4, 5]) backlog.insert(entry(position));
  await withoutFiles(() => backlog.close());
  assert.deepEqual(drops, [["stopped", 3]]);
});

Deno.test("Backlog.close() saves what has room on a disk that is almost full, oldest first", async () => {
  using fixture = spooledBacklog({ memoryBytes: 1e7 });
  const { backlog, drops } = fixture;
  for (let position = 1; position <= 1000; position++) backlog.insert(entry(position));
  const { open } = Deno;
  let writes = 0;
  Deno.open = (...args) =>
    ++writes > 2 ? Promise.reject(new Error("The disk is full")) : open(...args);
  try {
    await backlog.close();
  } finally {
    Deno.open = open;
  }
  // Two parts of 256 KiB at most, of 800 bytes each metric.
  assert.deepEqual(drops, [["stopped", 1000 - 2 * 327]]);
  const [first] = await backlog.peek(1);
  assert.equal(first?.timestamp, 1);
});

Deno.test("Backlog.close() counts what is left without a spool", async () => {
  const { backlog, drops } = backlogOf();
  backlog.insert(entry(1));
  await backlog.close();
  assert.deepEqual(drops, [["stopped", 1]]);
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

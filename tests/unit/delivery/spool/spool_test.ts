import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeSegment, encodeHeader } from "../../../../src/delivery/spool/record.ts";
import { Spool, type SpoolOptions } from "../../../../src/delivery/spool/spool.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { numbersOf, spoolRecord as record } from "../../../support/spool_records.ts";

/** Size of a segment's header, in bytes; each record of `spoolRecord` has 40. */
const HEADER = encodeHeader("test").length;

function spoolIn(folder: string, more: Partial<SpoolOptions> = {}) {
  const dropped: Record<string, number> = {};
  const skipped: string[] = [];
  const spool = new Spool({
    folder,
    identity: "test",
    maxBytes: 1e6,
    maxAgeMs: 1e12,
    onDrop: (reason, count) => dropped[reason] = (dropped[reason] ?? 0) + count,
    onMismatch: () => {},
    onSkip: (path, reason) => void skipped.push(`${path.split("/").at(-1)}: ${reason}`),
    ...more,
  });
  return { spool, dropped, skipped };
}

async function readAll(spool: Spool): Promise<number[]> {
  const numbers: number[] = [];
  while (spool.length > 0) {
    const records = await spool.peek(7);
    numbers.push(...numbersOf(records));
    await spool.remove(records.length);
  }
  return numbers;
}

Deno.test("Spool drops its oldest records over its size limit, counted", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, { maxBytes: 2000 });
  await spool.open();
  for (let number = 1; number <= 200; number++) await spool.append([record(number, 50)]);
  assert.ok(spool.bytes <= 2000);
  const remaining = await readAll(spool);
  assert.equal(remaining.at(-1), 200);
  assert.deepEqual(remaining, remaining.map((_, index) => 201 - remaining.length + index));
  assert.equal(dropped.spool_full, 200 - remaining.length);
});

Deno.test("Spool drops segments over the age limit, counted", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, { segmentBytes: 1, maxAgeMs: 1 });
  await spool.open();
  for (let number = 1; number <= 5; number++) await spool.append([record(number * 1000)]);
  await spool.expire(4500);
  assert.deepEqual(await readAll(spool), [4000, 5000]);
  assert.equal(dropped.too_old, 3);
});

Deno.test("Spool does not apply a cursor to a later segment after its own was removed", async () => {
  using folder = temporaryFolder();
  const first = spoolIn(folder.path).spool;
  await first.open();
  await first.append([record(1), record(2)]);
  await first.peek(1);
  await first.remove(1);
  const cursor = cursorIn(folder.path);
  await first.peek(1);
  await first.remove(1);
  Deno.writeTextFileSync(`${folder.path}/cursor`, cursor);
  const second = spoolIn(folder.path).spool;
  await second.open();
  await second.append([record(3), record(4)]);
  const third = spoolIn(folder.path).spool;
  await third.open();
  assert.deepEqual(await readAll(third), [3, 4]);
});

type Action =
  | { readonly kind: "append"; readonly count: number; readonly length: number }
  | { readonly kind: "read"; readonly count: number }
  | { readonly kind: "restart" }
  /** Truncates the newest segment at any byte, or restores the cursor before the last read. */
  | { readonly kind: "crash"; readonly cut?: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    count: fc.integer({ min: 1, max: 6 }),
    length: fc.integer({ min: 2, max: 60 }),
  }),
  fc.record({ kind: fc.constant("read" as const), count: fc.integer({ min: 1, max: 16 }) }),
  fc.record({ kind: fc.constant("restart" as const) }),
  fc.record({ kind: fc.constant("crash" as const), cut: fc.nat() }, { requiredKeys: ["kind"] }),
);

Deno.test("Spool behaves as a queue under random actions, restarts and truncation at any byte", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 40 }),
      fc.constantFrom(300, 1500),
      async (actions, segmentBytes) => {
        using folder = temporaryFolder();
        let { spool } = spoolIn(folder.path, { segmentBytes });
        await spool.open();
        let model: number[] = [];
        let oldCursor = "";
        let next = 1;
        for (const step of actions) {
          if (step.kind === "append") {
            const records = Array.from({ length: step.count }, () => record(next++, step.length));
            await spool.append(records);
            model.push(...numbersOf(records));
          } else if (step.kind === "read") {
            const records = await spool.peek(step.count);
            assert.deepEqual(numbersOf(records), model.slice(0, records.length));
            assert.equal(records.length > 0, model.length > 0);
            oldCursor = cursorIn(folder.path);
            await spool.remove(records.length);
            model = model.slice(records.length);
          } else {
            const lost = step.kind === "crash" ? crash(folder.path, step.cut, oldCursor) : [];
            ({ spool } = spoolIn(folder.path, { segmentBytes }));
            await spool.open();
            const left = model.filter((number) => !lost.includes(number));
            if (step.kind === "restart") assert.equal(spool.length, left.length);
            // After a crash, records that were removed may be returned again, before the others.
            const again = (await peekAll(folder.path, segmentBytes)).slice(
              0,
              -left.length || undefined,
            );
            assert.ok(
              again.every((number) => number < (left[0] ?? next)),
              `${again} before ${left}`,
            );
            model = [...again, ...left];
          }
          assert.equal(spool.length, model.length);
        }
        assert.deepEqual(await readAll(spool), model);
      },
    ),
    { numRuns: 300 },
  );
});

/** Reads all records from a copy of the folder. */
async function peekAll(folder: string, segmentBytes: number): Promise<number[]> {
  using copy = copyOf(folder);
  const { spool } = spoolIn(copy.path, { segmentBytes });
  await spool.open();
  return await readAll(spool);
}

/** Changes the folder as a power cut might; returns the numbers of the records that it costs. */
function crash(folder: string, cut: number | undefined, oldCursor: string): number[] {
  if (cut === undefined) {
    if (oldCursor) Deno.writeTextFileSync(`${folder}/cursor`, oldCursor);
    return [];
  }
  const last = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".spool")).sort().at(-1);
  if (!last) return [];
  const path = `${folder}/${last}`;
  const records = decodeSegment(Deno.readFileSync(path)).records;
  const at = cut % (Deno.statSync(path).size + 1);
  Deno.truncateSync(path, at);
  return numbersOf(records.filter(({ end }) => end > at));
}

function cursorIn(folder: string): string {
  try {
    return Deno.readTextFileSync(`${folder}/cursor`);
  } catch {
    return "";
  }
}

Deno.test("Spool creates its folder and its files for its own user alone", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/a/b`;
  const { spool } = spoolIn(path);
  await spool.open();
  await spool.append([record(1)]);
  const modeOf = (name: string) => Deno.statSync(`${path}/${name}`).mode! & 0o777;
  assert.deepEqual([modeOf(""), modeOf("000000000001.spool")], [0o700, 0o600]);
});

Deno.test("Spool counts the records and bytes of its segments, and begins one when the last is full", async () => {
  using folder = temporaryFolder();
  const { spool } = spoolIn(folder.path, { segmentBytes: HEADER + 80 });
  await spool.open();
  assert.deepEqual([spool.length, spool.bytes, await spool.peek(5)], [0, 0, []]);
  await spool.append([]);
  const segments = () =>
    [...Deno.readDirSync(folder.path)].filter(({ name }) => name.endsWith(".spool")).length;
  assert.equal(segments(), 0);
  for (
    const [number, count] of [[1, 1], [2, 1], [3, 2], [4, 2], [5, 3]] as const
  ) {
    await spool.append([record(number)]);
    const bytes = count * HEADER + number * 40;
    assert.deepEqual([segments(), spool.length, spool.bytes], [count, number, bytes]);
  }
  assert.deepEqual(numbersOf(await spool.peek(1)), [1]);
  assert.deepEqual(numbersOf(await spool.peek(9)), [1, 2]);
  await spool.remove(1);
  assert.deepEqual([spool.length, spool.bytes, segments()], [4, 3 * HEADER + 200, 3]);
  await spool.peek(9);
  await spool.remove(1);
  assert.deepEqual([spool.length, spool.bytes, segments()], [3, 2 * HEADER + 120, 2]);
  await spool.remove(1);
  assert.equal(spool.length, 3, "nothing was peeked");
});

for (const [maxBytes, segmentBytes] of [[8 * 92, 92], [16 * 2 ** 20, 2 ** 18], [4, 1]] as const) {
  Deno.test(`Spool of ${maxBytes} bytes has segments of ${segmentBytes} bytes by default`, async () => {
    using folder = temporaryFolder();
    const { spool } = spoolIn(folder.path, { maxBytes });
    await spool.open();
    const segments = () =>
      [...Deno.readDirSync(folder.path)].filter(({ name }) => name.endsWith(".spool")).length;
    if (segmentBytes > HEADER + 40) {
      await spool.append([record(1, segmentBytes - HEADER - 20 - 1)]);
      await spool.append([record(2)]);
      assert.equal(segments(), 1);
    } else await spool.append([record(1)]);
    await spool.append([record(3)]);
    assert.equal(segments(), maxBytes === 4 ? 1 : 2);
  });
}

Deno.test("Spool keeps what fits into its size limit, and the newest segment whatever its size", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, {
    maxBytes: 3 * (HEADER + 40),
    segmentBytes: HEADER + 40,
  });
  await spool.open();
  for (const number of [1, 2, 3]) await spool.append([record(number)]);
  assert.deepEqual([spool.length, dropped], [3, {}]);
  await spool.append([record(4)]);
  assert.deepEqual([spool.length, dropped], [3, { spool_full: 1 }]);
  await spool.append([record(5, 500)]);
  assert.deepEqual([numbersOf(await spool.peek(9)), dropped], [[5], { spool_full: 4 }]);
});

Deno.test("Spool drops a segment once its newest record is over the age limit, in milliseconds", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, { segmentBytes: HEADER + 80, maxAgeMs: 2 });
  await spool.open();
  await spool.append([record(5000)]);
  await spool.append([record(3000)]);
  await spool.append([record(9000)]);
  await spool.peek(1);
  await spool.remove(1);
  await spool.expire(7000);
  assert.deepEqual([spool.length, dropped], [2, {}]);
  await spool.expire(7001);
  assert.deepEqual([spool.length, dropped], [1, { too_old: 1 }], "one was read");
  await spool.expire(11_001);
  assert.deepEqual([spool.length, dropped], [0, { too_old: 2 }]);
});

Deno.test("Spool.open() keeps the age of the records of an earlier process", async () => {
  using folder = temporaryFolder();
  const first = spoolIn(folder.path).spool;
  await first.open();
  await first.append([record(5000), record(3000)]);
  const { spool } = spoolIn(folder.path, { maxAgeMs: 2 });
  await spool.open();
  await spool.expire(7000);
  assert.equal(spool.length, 2);
  await spool.expire(7001);
  assert.equal(spool.length, 0);
});

Deno.test("Spool.open() ignores other files, and removes a segment without a record", async () => {
  using folder = temporaryFolder();
  for (const name of ["x.spool", "000000000001.spool.bak", "notes"]) {
    Deno.writeTextFileSync(`${folder.path}/${name}`, "x");
  }
  Deno.writeTextFileSync(`${folder.path}/000000000007.spool`, "torn");
  const { spool } = spoolIn(folder.path);
  await spool.open();
  assert.equal(spool.length, 0);
  await spool.append([record(1)]);
  const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["000000000001.spool.bak", "000000000008.spool", "notes", "x.spool"]);
});

Deno.test("Spool.open() again reads from the disk, at the place where reading ended", async () => {
  using folder = temporaryFolder();
  const { spool } = spoolIn(folder.path);
  await spool.open();
  await spool.append([record(1), record(2), record(3)]);
  await spool.peek(1);
  await spool.remove(1);
  await spool.open();
  assert.deepEqual([spool.length, numbersOf(await spool.peek(9))], [2, [2, 3]]);
});

Deno.test("Spool.append() leaves nothing of records that the disk has no room for", async () => {
  using folder = temporaryFolder();
  const { spool } = spoolIn(folder.path);
  await spool.open();
  const { open } = Deno;
  const state = { failing: true, syncs: 0 };
  Deno.open = async (...args) => {
    const file = await open(...args);
    const write = file.write.bind(file);
    const syncData = file.syncData.bind(file);
    let writes = 0;
    file.write = (bytes) =>
      state.failing && ++writes > 1
        ? Promise.reject(new Error("The disk is full"))
        : write(bytes.subarray(0, 10));
    file.syncData = () => {
      state.syncs++;
      return syncData();
    };
    return file;
  };
  try {
    await assert.rejects(spool.append([record(1)]), /The disk is full/);
    assert.deepEqual([...Deno.readDirSync(folder.path)], []);
    assert.deepEqual([spool.length, spool.bytes], [0, 0]);
    state.failing = false;
    await spool.append([record(2)]);
    assert.equal(state.syncs, 1, "it is on the disk");
    state.failing = true;
    await assert.rejects(spool.append([record(3)]), /The disk is full/);
    assert.deepEqual([spool.length, numbersOf(await spool.peek(9))], [1, [2]]);
    state.failing = false;
    await spool.append([record(4)]);
  } finally {
    Deno.open = open;
  }
  assert.deepEqual(await readAll(spool), [2, 4]);
});

Deno.test("Spool.peek() goes on after a segment that another process has cut", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, { segmentBytes: HEADER + 80 });
  await spool.open();
  for (const number of [1, 2, 3]) await spool.append([record(number)]);
  Deno.truncateSync(`${folder.path}/000000000001.spool`, HEADER + 41);
  assert.deepEqual(numbersOf(await spool.peek(9)), [1]);
  assert.deepEqual([spool.length, dropped], [2, { damaged: 1 }]);
  await spool.remove(1);
  assert.deepEqual([numbersOf(await spool.peek(9)), spool.length], [[3], 1]);
});

Deno.test("Spool.peek() corrects the number of records that another process has changed, beside those read", async () => {
  using folder = temporaryFolder();
  const { spool } = spoolIn(folder.path);
  await spool.open();
  await spool.append([record(1), record(2), record(3), record(4)]);
  await spool.peek(1);
  await spool.remove(1);
  await spool.append([record(5)]);
  Deno.truncateSync(`${folder.path}/000000000001.spool`, HEADER + 3 * 40);
  assert.deepEqual([numbersOf(await spool.peek(9)), spool.length], [[2, 3], 2]);
});

Deno.test("Spool loses at most one record by a byte that is flipped anywhere in its folder, and counts it", async () => {
  using folder = temporaryFolder();
  const { spool } = spoolIn(folder.path, { segmentBytes: HEADER + 80 });
  await spool.open();
  for (let number = 1; number <= 5; number++) await spool.append([record(number)]);
  await spool.peek(1);
  await spool.remove(1);
  const files = [...Deno.readDirSync(folder.path)].map(({ name }) => `${folder.path}/${name}`);
  assert.equal(files.length, 4, "three segments and the cursor");
  for (const path of files) {
    const content = Deno.readFileSync(path);
    for (let at = 0; at < content.length; at++) {
      const damaged = content.slice();
      damaged[at] = ~damaged[at]!;
      using copy = copyOf(folder.path);
      Deno.writeFileSync(`${copy.path}/${path.split("/").at(-1)}`, damaged);
      const { spool, dropped, skipped } = spoolIn(copy.path);
      await spool.open();
      const numbers = await readAll(spool);
      assert.deepEqual(numbers, numbers.toSorted());
      const lost = [2, 3, 4, 5].filter((number) => !numbers.includes(number));
      const label = `${path} at ${at}`;
      assert.ok(lost.length <= 1, label);
      assert.deepEqual(dropped, lost.length > 0 ? { damaged: 1 } : {}, label);
      assert.deepEqual(skipped, [], label);
    }
  }
});

Deno.test("Spool counts a record that is damaged while it waits", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path);
  await spool.open();
  await spool.append([record(1), record(2), record(3)]);
  const path = `${folder.path}/000000000001.spool`;
  const content = Deno.readFileSync(path);
  content[HEADER + 60]! ^= 1;
  Deno.writeFileSync(path, content);
  assert.deepEqual([await readAll(spool), dropped], [[1, 3], { damaged: 1 }]);
});

Deno.test("Spool.open() leaves segments of another publisher, and reports them", async () => {
  using folder = temporaryFolder();
  const other = spoolIn(folder.path, { identity: "other" }).spool;
  await other.open();
  await other.append([record(1)]);
  const { spool, dropped, skipped } = spoolIn(folder.path);
  await spool.open();
  await spool.append([record(2)]);
  assert.deepEqual([await readAll(spool), dropped], [[2], {}]);
  assert.deepEqual(skipped, ["000000000001.spool: it belongs to other"]);
  const again = spoolIn(folder.path, { identity: "other" }).spool;
  await again.open();
  assert.deepEqual(await readAll(again), [1]);
});

Deno.test("Spool.open() skips a segment that cannot be read, and reads the others", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(`${folder.path}/000000000003.spool`);
  const { spool, skipped } = spoolIn(folder.path);
  await spool.open();
  await spool.append([record(1)]);
  assert.deepEqual(await readAll(spool), [1]);
  assert.deepEqual(skipped, ["000000000003.spool: it is a directory"]);
});

Deno.test("Spool.peek() skips a segment that is gone, and counts its records", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, { segmentBytes: 1 });
  await spool.open();
  for (const number of [1, 2]) await spool.append([record(number)]);
  Deno.removeSync(`${folder.path}/000000000001.spool`);
  assert.deepEqual([await readAll(spool), dropped], [[2], { unreadable: 1 }]);
});

Deno.test("Spool.peek() skips a segment that cannot be read 20 times, and counts its records", async () => {
  using folder = temporaryFolder();
  const { spool, dropped, skipped } = spoolIn(folder.path, { segmentBytes: 1 });
  await spool.open();
  for (const number of [1, 2]) await spool.append([record(number)]);
  const path = `${folder.path}/000000000001.spool`;
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  for (let attempt = 1; attempt < 20; attempt++) await assert.rejects(spool.peek(1));
  assert.deepEqual([numbersOf(await spool.peek(1)), dropped], [[2], { unreadable: 1 }]);
  assert.deepEqual(skipped, ["000000000001.spool: it is a directory"]);
});

Deno.test("Spool.append() keeps no segment whose file cannot be opened", async () => {
  using folder = temporaryFolder();
  const { spool } = spoolIn(folder.path);
  await spool.open();
  const { open } = Deno;
  Deno.open = () => Promise.reject(new Error("Too many open files"));
  try {
    await assert.rejects(spool.append([record(1)]), /Too many open files/);
  } finally {
    Deno.open = open;
  }
  assert.deepEqual([await spool.peek(1), spool.length, spool.bytes], [[], 0, 0]);
  await spool.append([record(2)]);
  assert.deepEqual(await readAll(spool), [2]);
});

Deno.test("Spool.remove() goes on while the cursor cannot be written", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(`${folder.path}/cursor`);
  const { spool } = spoolIn(folder.path);
  await spool.open();
  await spool.append([record(1), record(2)]);
  assert.deepEqual(numbersOf(await spool.peek(1)), [1]);
  await spool.remove(1);
  assert.deepEqual(await readAll(spool), [2]);
});

/** Copies the files of a folder into a new one. */
function copyOf(path: string) {
  const copy = temporaryFolder();
  for (const { name } of Deno.readDirSync(path)) {
    Deno.copyFileSync(`${path}/${name}`, `${copy.path}/${name}`);
  }
  return copy;
}

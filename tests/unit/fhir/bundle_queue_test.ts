import assert from "node:assert/strict";
import { FolderQueue, MemoryQueue } from "../../../src/fhir/bundle_queue.ts";
import { temporaryFolder } from "../../support/folders.ts";

const name = (n: number) => `${String(n).padStart(6, "0")}.json`;

Deno.test("MemoryQueue and FolderQueue drop the oldest transactions beyond their limit", () => {
  using folder = temporaryFolder();
  const limits = { maxBundles: 10 };
  for (const queue of [new MemoryQueue(limits), new FolderQueue(folder.path, limits)]) {
    assert.equal(queue.oldest(), undefined);
    for (let n = 0; n < 10; n++) queue.add({ name: name(n), text: `${n}` });
    assert.deepEqual([queue.size, queue.dropped], [10, 0]);
    queue.add({ name: name(10), text: "last" });
    assert.deepEqual([queue.size, queue.dropped], [10, 1]);
    assert.deepEqual(queue.oldest(), { name: name(1), text: "1" });
    queue.remove(name(1));
    queue.remove("unknown");
    assert.equal(queue.size, 9);
  }
});

Deno.test("MemoryQueue and FolderQueue replace a transaction of the same name", () => {
  using folder = temporaryFolder();
  for (const queue of [new MemoryQueue(), new FolderQueue(folder.path)]) {
    for (const text of ["first", "second"]) queue.add({ name: "a.json", text });
    assert.deepEqual([queue.size, queue.oldest()?.text], [1, "second"]);
  }
});

Deno.test("MemoryQueue holds 64 MiB", () => {
  const queue = new MemoryQueue();
  const text = "x".repeat(1 << 20);
  for (let n = 0; n < 65; n++) queue.add({ name: name(n), text });
  assert.deepEqual([queue.size, queue.dropped], [64, 1]);
});

Deno.test("FolderQueue continues what is left, in the order of time", () => {
  using folder = temporaryFolder();
  const before = new FolderQueue(folder.path);
  for (const n of [2, 1]) before.add({ name: name(n), text: `${n}` });
  Deno.writeTextFileSync(`${folder.path}/3.json.tmp`, "torn");
  const queue = new FolderQueue(folder.path);
  assert.equal(queue.size, 2);
  assert.equal(queue.oldest()?.text, "1");
  Deno.removeSync(`${folder.path}/${name(1)}`); // by another program
  assert.equal(queue.oldest()?.text, "2");
  assert.throws(() => new FolderQueue(`${folder.path}/${name(2)}`), { name: "UnavailableError" });
});

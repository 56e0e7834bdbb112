import assert from "node:assert/strict";
import { Secret } from "../../../../src/config/secret.ts";
import { SpoolKey } from "../../../../src/delivery/spool/seal.ts";
import type { Spool } from "../../../../src/delivery/spool/spool.ts";
import { SpoolFolder } from "../../../../src/delivery/spool/spool_folder.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { numbersOf, segmentsOf, spoolRecord as record } from "../../../support/spool_records.ts";

const TOPIC = { maxBytes: 1e6, maxAgeMs: 1e12, onDrop: () => {} };

/** A server that publishes as `state.identity`. */
function serverOf(path: string, identity: string) {
  const counters = new Counters();
  const log = new CollectingLog();
  const state = { identity };
  const folder = new SpoolFolder({ path, identity: () => state.identity, counters, log });
  return {
    state,
    folder,
    open: () => folder.open("status", TOPIC),
    foreignBytes: () => counters.get("outbox_spool_foreign_bytes"),
    foreignLines: () => log.linesWith("metrics of another server"),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

async function numbersIn(spool: Spool): Promise<number[]> {
  return numbersOf(await spool.peek(9));
}

Deno.test("SpoolFolder returns to a server what it has spooled before, and to no other", async () => {
  using folder = temporaryFolder();
  {
    using a = serverOf(folder.path, "a");
    await (await a.open()).append([record(1)]);
  }
  {
    using b = serverOf(folder.path, "b");
    const spool = await b.open();
    assert.deepEqual(await numbersIn(spool), []);
    await spool.append([record(2)]);
  }
  using a = serverOf(folder.path, "a");
  assert.deepEqual(await numbersIn(await a.open()), [1]);
  assert.equal(segmentsOf(folder.path, "status").length, 2);
});

Deno.test("SpoolFolder refuses a spool that another server of the same identity uses", async () => {
  using folder = temporaryFolder();
  const first = serverOf(folder.path, "a");
  await first.open();
  using second = serverOf(folder.path, "a");
  await assert.rejects(second.open(), /^AppError: another server uses it$/);
  first[Symbol.dispose]();
  await second.open();
});

Deno.test("SpoolFolder opens several topics with one lock", async () => {
  using folder = temporaryFolder();
  using server = serverOf(folder.path, "a");
  const topics = ["status", "core_metrics", "edge_metrics"];
  const spools = await Promise.all(topics.map((topic) => server.folder.open(topic, TOPIC)));
  for (const spool of spools) await spool.append([record(1)]);
  for (const topic of topics) assert.equal(segmentsOf(folder.path, topic).length, 1);
});

Deno.test("SpoolFolder reports metrics of another server, with its identity, once", async () => {
  using folder = temporaryFolder();
  {
    using a = serverOf(folder.path, "server a");
    await (await a.open()).append([record(1)]);
  }
  using b = serverOf(folder.path, "server b");
  await b.open();
  await b.folder.open("core_metrics", TOPIC);
  assert.equal(b.foreignLines().length, 1);
  assert.match(b.foreignLines()[0]!, /server a/);
  assert.equal(b.foreignBytes(), Deno.statSync(segmentsOf(folder.path, "status")[0]!).size);
});

Deno.test("SpoolFolder reports segments without an identity", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(`${folder.path}/status`);
  Deno.writeTextFileSync(`${folder.path}/status/000000000001.spool`, "of an older version");
  using server = serverOf(folder.path, "a");
  assert.deepEqual(await numbersIn(await server.open()), []);
  assert.equal(server.foreignLines().length, 1);
  assert.equal(server.foreignBytes(), 19);
});

Deno.test("SpoolFolder does not report the metrics of a server that is running, or empty spools", async () => {
  using folder = temporaryFolder();
  using a = serverOf(folder.path, "a");
  await (await a.open()).append([record(1)]);
  {
    using c = serverOf(folder.path, "c");
    await c.open();
  }
  using b = serverOf(folder.path, "b");
  await b.open();
  assert.deepEqual([b.foreignLines(), b.foreignBytes()], [[], 0]);
});

Deno.test("SpoolFolder moves to another folder when its identity changes", async () => {
  using folder = temporaryFolder();
  using server = serverOf(folder.path, "a");
  await (await server.open()).append([record(1)]);
  server.state.identity = "b";
  assert.deepEqual(await numbersIn(await server.open()), []);
  using other = serverOf(folder.path, "a");
  assert.deepEqual(await numbersIn(await other.open()), [1], "its lock was released");
});

Deno.test("SpoolFolder reports a wrong key by one line for all topics", async () => {
  using folder = temporaryFolder();
  const log = new CollectingLog();
  const openAll = async (key: string) => {
    using server = new SpoolFolder({
      path: folder.path,
      identity: () => "a",
      key: new SpoolKey(new Secret(key.repeat(44))),
      counters: new Counters(),
      log,
    });
    for (const topic of ["status", "core_metrics"]) {
      await (await server.open(topic, TOPIC)).append([record(1)]);
    }
  };
  await openAll("a");
  assert.deepEqual(log.lines, []);
  await openAll("b");
  assert.equal(log.lines.length, 1, log.lines.join("\n"));
  assert.match(log.lines[0]!, /encrypted with another key, and is kept unpublished/);
  assert.equal(segmentsOf(folder.path, "status").length, 2);
});

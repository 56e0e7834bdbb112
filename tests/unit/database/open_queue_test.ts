import assert from "node:assert/strict";
import { ConfigError } from "../../../src/base/errors.ts";
import { openQueue } from "../../../src/database/open_queue.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { temporaryFolder } from "../../support/folders.ts";

function open({ spoolPath, memoryRows = 10, identity = "rows for a", log = new CollectingLog() }: {
  readonly spoolPath?: string;
  readonly memoryRows?: number;
  readonly identity?: string;
  readonly log?: CollectingLog;
}) {
  return openQueue({ memoryRows, spoolPath, spoolMaxBytes: 1e6 }, { identity, log });
}

Deno.test("openQueue() reports the total of the rows that were dropped", async () => {
  const log = new CollectingLog();
  using opened = await open({ memoryRows: 1, log });
  for (let sequence = 0; sequence < 4; sequence++) {
    log.time.nowMs += 10_001;
    opened.queue.add(measurementRow(sequence));
  }
  assert.deepEqual(
    log.linesWith("Dropped rows").map((line) => line.replace(/^.*rows that/, "")),
    [1, 2, 3].map((total) => ` waited for the database reason="memory_full" total=${total}`),
  );
});

Deno.test("openQueue() has the rows that an earlier queue has left for the same database", async () => {
  using folder = temporaryFolder();
  const spoolPath = `${folder.path}/spool`;
  {
    using opened = await open({ spoolPath });
    opened.queue.add(measurementRow(1));
    await opened.queue.spill();
    await assert.rejects(open({ spoolPath }), (error: Error) => {
      assert(error instanceof ConfigError);
      return error.message === `Cannot use the spool ${spoolPath}: another server uses it`;
    });
  }
  using other = await open({ spoolPath, identity: "rows for b" });
  assert.equal(other.queue.length, 0);
  using again = await open({ spoolPath });
  assert.deepEqual(await again.queue.next(10), [measurementRow(1)]);
});

Deno.test("openQueue() keeps rows in memory without a spool", async () => {
  using opened = await open({});
  opened.queue.add(measurementRow(1));
  await opened.queue.spill();
  assert.deepEqual(await opened.queue.next(10), [measurementRow(1)]);
});

Deno.test("openQueue() releases the folder if its spool cannot be opened", async () => {
  using folder = temporaryFolder();
  const spoolPath = `${folder.path}/spool`;
  (await open({ spoolPath }))[Symbol.dispose]();
  const [own] = [...Deno.readDirSync(spoolPath)];
  const rows = `${spoolPath}/${own!.name}/rows`;
  Deno.removeSync(rows, { recursive: true });
  Deno.writeTextFileSync(rows, "");
  await assert.rejects(open({ spoolPath }), ConfigError);
  Deno.removeSync(rows);
  using opened = await open({ spoolPath });
  assert.equal(opened.queue.length, 0);
});

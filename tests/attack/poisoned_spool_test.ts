import assert from "node:assert/strict";
import { SpoolFolder } from "../../src/delivery/spool/spool_folder.ts";
import { encodeHeader, encodeRecords } from "../../src/delivery/spool/record.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { CollectingLog } from "../support/collecting_log.ts";
import { temporaryFolder } from "../support/folders.ts";
import { numbersOf, spoolRecord as record } from "../support/spool_records.ts";

const TOPIC = { maxBytes: 1e6, maxAgeMs: 1e12, onDrop: () => {} };

function folderOf(path: string) {
  const log = new CollectingLog();
  return {
    log,
    folder: new SpoolFolder({ path, identity: () => "me", counters: new Counters(), log }),
  };
}

/** Returns the path of the topic's folder, after a first record is in it. */
async function spoolWithRecord(path: string): Promise<string> {
  const { folder } = folderOf(path);
  using _closed = folder;
  await (await folder.open("status", TOPIC)).append([record(1)]);
  const [{ name } = { name: "" }] = [...Deno.readDirSync(path)];
  return `${path}/${name}/status`;
}

for (
  const [what, poison] of [
    ["segments of garbage, of all sizes", (status: string) => {
      for (const size of [0, 1, 12, 13, 1000, 1 << 20]) {
        Deno.writeFileSync(
          `${status}/${String(100 + size).padStart(12, "0")}.spool`,
          new Uint8Array(size).fill(0xf5),
        );
      }
    }],
    ["a segment whose record announces 4 GiB", (status: string) => {
      const bytes = Uint8Array.from([...encodeHeader("me"), ...encodeRecords([record(2)])]);
      new DataView(bytes.buffer).setUint32(encodeHeader("me").length + 4, 0xffff_ffff, true);
      Deno.writeFileSync(`${status}/000000000500.spool`, bytes);
    }],
    [
      "a segment of another publisher",
      (status: string) =>
        Deno.writeFileSync(
          `${status}/000000000500.spool`,
          Uint8Array.from([...encodeHeader("other"), ...encodeRecords([record(2)])]),
        ),
    ],
    [
      "a cursor behind the end, and one that is no number",
      (status: string) =>
        Deno.writeTextFileSync(`${status}/cursor`, "999999999999 999999999999 00000000\n"),
    ],
    [
      "a folder in place of a segment",
      (status: string) => Deno.mkdirSync(`${status}/000000000500.spool`),
    ],
    [
      "a link to nowhere",
      (status: string) => Deno.symlinkSync("/nowhere", `${status}/000000000500.spool`),
    ],
  ] as const
) {
  Deno.test(`SpoolFolder returns what it has written, and nothing else, beside ${what}`, async () => {
    using directory = temporaryFolder();
    poison(await spoolWithRecord(directory.path));
    const { folder } = folderOf(directory.path);
    using _closed = folder;
    const spool = await folder.open("status", TOPIC);
    assert.deepEqual(numbersOf(await spool.peek(9)), [1]);
    await spool.remove(1);
    await spool.append([record(3)]);
    assert.deepEqual(numbersOf(await spool.peek(9)), [3]);
  });
}

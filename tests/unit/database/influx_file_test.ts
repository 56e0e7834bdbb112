import assert from "node:assert/strict";
import { InfluxFile } from "../../../src/database/influx_file.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { fillDisk, temporaryFolder, testWithSmallDisk } from "../../support/folders.ts";
import { parseLine } from "../../support/line_protocol_parser.ts";

Deno.test("InfluxFile appends lines, and removes one that a power cut has torn", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.lp`;
  {
    await using file = new InfluxFile(path);
    await file.open();
    await file.write([measurementRow(1), measurementRow(2)]);
  }
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  const complete = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, complete + "measurements,device=wa");
  await using file = new InfluxFile(path);
  await file.open();
  await file.write([measurementRow(3)]);
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => parseLine(line).fields["sequence"]), [1n, 2n, 3n]);
});

Deno.test("InfluxFile leaves a file of another program as it is", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/notes`;
  for (const text of ["notes", "a line\nnotes"]) {
    Deno.writeTextFileSync(path, text);
    await using file = new InfluxFile(path);
    await assert.rejects(file.open(), /not from this program/);
    assert.equal(Deno.readTextFileSync(path), text);
  }
});

Deno.test("InfluxFile looks for the start of a torn line within 64 KiB", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.lp`;
  const line = "statuses,device=a code=1i 1\n";
  const torn = (length: number) => "statuses,".padEnd(length, "x");
  for (const [length, isOwn] of [[9000, true], [65_535, true], [65_536, true], [72_000, false]]) {
    const text = line + torn(Number(length));
    Deno.writeTextFileSync(path, text);
    await using file = new InfluxFile(path);
    if (isOwn) {
      await file.open();
      assert.equal(Deno.readTextFileSync(path), line, String(length));
    } else {
      await assert.rejects(file.open(), /not from this program/);
      assert.equal(Deno.readTextFileSync(path), text);
    }
  }
});

Deno.test("InfluxFile removes the start of the name of a table, and nothing from a whole file", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.lp`;
  const line = "statuses,device=a code=1i 1\n";
  for (const rest of ["", "m", "recordings", "statuses,"]) {
    Deno.writeTextFileSync(path, line + rest);
    await using file = new InfluxFile(path);
    await file.open();
    assert.equal(Deno.readTextFileSync(path), line, rest);
  }
});

Deno.test("InfluxFile hides an existing file from other users", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.lp`;
  await Deno.writeFile(path, new Uint8Array(), { mode: 0o644 });
  await using file = new InfluxFile(path);
  await file.open();
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
});

Deno.test("InfluxFile writes only between open() and its disposal, also after it was opened twice", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.lp`;
  const file = new InfluxFile(path);
  await assert.rejects(file.write([measurementRow(1)]), /the file is closed/);
  await file.open();
  await file.write([measurementRow(1)]);
  await file.open();
  await file.write([measurementRow(2)]);
  await file[Symbol.asyncDispose]();
  await assert.rejects(file.write([measurementRow(3)]), /the file is closed/);
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
  assert.deepEqual(lines.map((each) => parseLine(each).fields["sequence"]), [1n, 2n]);
});

Deno.test("InfluxFile fails if its folder is missing", async () => {
  using folder = temporaryFolder();
  await using file = new InfluxFile(`${folder.path}/missing/vitals.lp`);
  await assert.rejects(file.open(), /^AppError: /);
});

testWithSmallDisk(
  "InfluxFile goes on after its disk was full, without a torn line",
  async (folder) => {
    const path = `${folder}/vitals.lp`;
    await using file = new InfluxFile(path);
    await file.open();
    await file.write([measurementRow(0)]);
    const before = Deno.readTextFileSync(path);
    fillDisk(`${folder}/other`);
    const rows = Array.from({ length: 2000 }, (_, sequence) => measurementRow(sequence + 1));
    await assert.rejects(file.write(rows), /^AppError: /);
    assert.equal(Deno.readTextFileSync(path), before);
    await assert.rejects(file.write(rows), /the file is closed/);
    Deno.removeSync(`${folder}/other`);
    await file.open();
    await file.write(rows);
    assert.equal(Deno.readTextFileSync(path).trimEnd().split("\n").length, 2001);
  },
);

import assert from "node:assert/strict";
import { type Column, ColumnFile } from "../../../src/recording/column_file.ts";
import { temporaryFolder } from "../../support/folders.ts";

function textOf(file: ColumnFile, column: Column): string {
  const decoder = new TextDecoder();
  let text = "";
  for (const bytes of file.bytes(column)) text += decoder.decode(bytes, { stream: true });
  return text;
}

Deno.test("ColumnFile returns the text of each column, in memory and in the file", () => {
  using folder = temporaryFolder();
  using file = new ColumnFile(`${folder.path}/columns`);
  const columns = Array.from({ length: 300 }, () => file.add());
  const expected = columns.map(() => "");
  for (let round = 0; round < 40; round++) {
    for (const [k, column] of columns.entries()) {
      const text = `${round}é`.repeat(k === 0 ? 20_000 : k);
      file.append(column, text);
      expected[k] += text;
    }
  }
  assert.deepEqual(columns.map((column) => textOf(file, column)), expected);
  // The longest text is of one call, and 1 200 000 bytes long.
  assert.ok(columns.slice(1).every(({ buffer }) => buffer.length <= 1 << 14));
});

Deno.test("ColumnFile keeps at most 8 MiB of all columns in memory", () => {
  using folder = temporaryFolder();
  using file = new ColumnFile(`${folder.path}/columns`);
  const columns = Array.from({ length: 1000 }, () => file.add());
  for (const column of columns) file.append(column, "x".repeat(5_000));
  const kept = columns.reduce((sum, { buffer }) => sum + buffer.length, 0);
  assert.ok(kept <= 1 << 23, `${kept}`);
  assert.equal(textOf(file, columns[0]!).length, 5_000);
});

Deno.test("ColumnFile leaves no file behind", () => {
  using folder = temporaryFolder();
  using _file = new ColumnFile(`${folder.path}/columns`);
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { completeLinesLength } from "../../../../src/transports/file/repair.ts";
import { temporaryFolder } from "../../../support/folders.ts";

async function repaired(content: Uint8Array): Promise<number> {
  using folder = temporaryFolder();
  const path = `${folder.path}/lines.jsonl`;
  Deno.writeFileSync(path, content);
  using file = await Deno.open(path);
  return await completeLinesLength(file);
}

Deno.test("completeLinesLength() returns the lines before a cut at any byte", async () => {
  const lines = [{ a: 1 }, { b: "x".repeat(100) }, { c: { d: "}" } }];
  const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
  const bytes = new TextEncoder().encode(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const complete = text.lastIndexOf("\n", cut - 1) + 1;
    assert.equal(await repaired(bytes.subarray(0, cut)), cut === 0 ? 0 : complete, `cut at ${cut}`);
  }
});

Deno.test("completeLinesLength() excludes zeros and garbage after the last complete line", async () => {
  const line = new TextEncoder().encode('{"type":"status"}\n');
  const tails = fc.oneof(
    fc.integer({ min: 0, max: 200_000 }).map((count) => new Uint8Array(count)),
    fc.uint8Array({ maxLength: 300 }).filter((bytes) => !bytes.includes(10)),
  );
  await fc.assert(
    fc.asyncProperty(tails, async (tail) => {
      const content = new Uint8Array(line.length + tail.length);
      content.set(line);
      content.set(tail, line.length);
      assert.equal(await repaired(content), line.length);
    }),
    { numRuns: 30 },
  );
});

Deno.test("completeLinesLength() finds a line that is longer than a block", async () => {
  const text = `{"a":"${"x".repeat(200_000)}"}\n`;
  assert.equal(await repaired(new TextEncoder().encode(text + '{"half')), text.length);
});

Deno.test("completeLinesLength() excludes lines that are not delimited like a JSON object", async () => {
  const line = '{"a":1}\n';
  const cases = { "x}\n": 8, "{x\n": 8, "\n": 8, "}\n": 8, "{}\n": 11, '{"b":2}\nx}\n{x\n': 16 };
  for (const [tail, length] of Object.entries(cases)) {
    assert.equal(await repaired(new TextEncoder().encode(line + tail)), length, tail);
  }
  for (const text of ["\n", "}\n", "x}\n", "{x\n", "x"]) {
    assert.equal(await repaired(new TextEncoder().encode(text)), 0, text);
  }
});

Deno.test("completeLinesLength() finds a line that ends at the boundary of a block", async () => {
  for (const shift of [-2, -1, 0, 1, 2]) {
    const text = `{"a":"${"x".repeat(100)}"}\n`;
    const tail = new Uint8Array(65_536 + shift);
    const content = new Uint8Array(text.length + tail.length);
    content.set(new TextEncoder().encode(text));
    assert.equal(await repaired(content), text.length, `${tail.length} zeros`);
  }
});

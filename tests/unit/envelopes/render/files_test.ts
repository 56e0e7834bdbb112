import assert from "node:assert/strict";
import { VERSION } from "../../../../src/base/version.ts";
import { generatedFiles } from "../../../../src/envelopes/render/files.ts";

const ROOT = new URL("../../../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

Deno.test("generatedFiles() equals the files in the project; otherwise run deno task docs", () => {
  const files = generatedFiles({ version: VERSION, read });
  assert.ok(files.has("docs/ENVELOPES.md") && files.has("src/transports/grpc/proto/metrics.proto"));
  for (const [path, text] of files) assert.ok(read(path) === text, `${path} is stale`);
});

Deno.test("generatedFiles() cuts long texts and lists of the examples in the page", () => {
  const long = { text: "a".repeat(81), short: "b".repeat(80), list: [1, 2, 3], none: null };
  const page = generatedFiles({ version: "1.0.0", read: () => JSON.stringify(long) })
    .get("docs/ENVELOPES.md")!;
  const [, example = ""] = /An example[^`]*```json\n([^`]*)```/.exec(page) ?? [];
  assert.deepEqual(JSON.parse(example), {
    text: `${"a".repeat(60)}...`,
    short: "b".repeat(80),
    list: [1, 2],
    none: null,
  });
});

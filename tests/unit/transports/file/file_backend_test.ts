import assert from "node:assert/strict";
import fc from "fast-check";
import { explainFileError, isDiskFull } from "../../../../src/transports/file/file_error.ts";
import { hasRoomFor } from "../../../../src/transports/file/free_space.ts";
import { wholeLinesBytes } from "../../../../src/transports/file/repair.ts";
import { markReplayed } from "../../../../src/delivery/replayed.ts";
import { temporaryFolder } from "../../../support/folders.ts";

async function repaired(content: Uint8Array): Promise<number> {
  using folder = temporaryFolder();
  const path = `${folder.path}/lines.jsonl`;
  Deno.writeFileSync(path, content);
  using file = await Deno.open(path);
  return await wholeLinesBytes(file);
}

Deno.test("a file of lines cut at any byte is repaired to the whole lines before", async () => {
  const lines = [{ a: 1 }, { b: "x".repeat(100) }, { c: { d: "}" } }];
  const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
  const bytes = new TextEncoder().encode(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const whole = text.lastIndexOf("\n", cut - 1) + 1;
    assert.equal(await repaired(bytes.subarray(0, cut)), cut === 0 ? 0 : whole, `cut at ${cut}`);
  }
});

Deno.test("zeros and garbage after the last whole line are cut off, however many", async () => {
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

Deno.test("a line longer than a block is found whole", async () => {
  const text = `{"a":"${"x".repeat(200_000)}"}\n`;
  assert.equal(await repaired(new TextEncoder().encode(text + '{"half')), text.length);
});

Deno.test("as a disk fills up frames stop first, then edge metrics, never core metrics", () => {
  fc.assert(fc.property(fc.nat(1e11), fc.nat(1e9), (totalBytes, freeBytes) => {
    const space = { totalBytes, freeBytes };
    assert.ok(hasRoomFor("core_metrics", space));
    if (hasRoomFor("frame", space)) assert.ok(hasRoomFor("edge_metrics", space));
  }));
  assert.equal(hasRoomFor("frame", { totalBytes: 1e11, freeBytes: 15e6 }), false);
});

Deno.test("file faults are told with what mends them", () => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), {
    code: "ENOSPC",
  });
  assert.ok(isDiskFull(full));
  assert.match(explainFileError(full, "/out"), /^Cannot write to \/out: the disk is full/);
  const denied = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  assert.match(explainFileError(denied, "/out"), /permission denied: let the server's user/);
});

Deno.test("a replayed envelope is unchanged but for its mark", () => {
  const envelope = fc.record({
    type: fc.constantFrom("core_metrics", "status"),
    timestamp: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    payload: fc.record({ sequence: fc.nat(), metadata: fc.record({ sequence: fc.nat() }) }),
  });
  fc.assert(fc.property(envelope, (original) => {
    const late = JSON.parse(new TextDecoder().decode(
      markReplayed(new TextEncoder().encode(JSON.stringify(original))),
    ));
    assert.deepEqual(Object.keys(late), ["type", "timestamp", "payload"]);
    assert.equal(late.payload.metadata.replayed, true);
    delete late.payload.metadata.replayed;
    assert.equal(JSON.stringify(late), JSON.stringify(JSON.parse(JSON.stringify(original))));
  }));
  const noJson = new TextEncoder().encode("{half");
  assert.equal(markReplayed(noJson), noJson);
});

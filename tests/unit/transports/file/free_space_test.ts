import assert from "node:assert/strict";
import fc from "fast-check";
import { diskSpaceOf, hasSpaceFor } from "../../../../src/transports/file/free_space.ts";

const MIB = 1024 * 1024;

Deno.test("hasSpaceFor() rejects frames first, then edge metrics, and never core metrics", () => {
  fc.assert(fc.property(fc.nat(1e11), fc.nat(1e9), (totalBytes, freeBytes) => {
    const space = { totalBytes, freeBytes };
    assert.ok(hasSpaceFor("core_metrics", space));
    if (hasSpaceFor("frame", space)) assert.ok(hasSpaceFor("edge_metrics", space));
  }));
});

for (
  const [topic, totalBytes, limitBytes] of [
    ["frame", 1e11, 16 * MIB],
    ["frame", 50 * MIB, 10 * MIB],
    ["edge_metrics", 1e11, 4 * MIB],
    ["edge_metrics", 20 * MIB, 2 * MIB],
  ] as const
) {
  Deno.test(`hasSpaceFor() requires ${limitBytes} bytes for ${topic} on a disk of ${totalBytes}`, () => {
    assert.equal(hasSpaceFor(topic, { totalBytes, freeBytes: limitBytes }), true);
    assert.equal(hasSpaceFor(topic, { totalBytes, freeBytes: limitBytes - 1 }), false);
  });
}

Deno.test("diskSpaceOf() returns the bytes that df shows, and undefined for a missing path", async () => {
  const { stdout } = await new Deno.Command("df", {
    args: ["--block-size=1", "--output=avail,size", "/tmp"],
  }).output();
  const [availableBytes, totalBytes] = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!
    .trim().split(/\s+/).map(Number);
  const space = await diskSpaceOf("/tmp");
  assert.equal(space?.totalBytes, totalBytes);
  assert.ok(Math.abs(space!.freeBytes - availableBytes!) < 0.05 * totalBytes!);
  assert.equal(await diskSpaceOf("/missing/folder"), undefined);
});

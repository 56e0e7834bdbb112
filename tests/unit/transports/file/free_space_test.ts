import assert from "node:assert/strict";
import fc from "fast-check";
import { hasSpaceFor } from "../../../../src/transports/file/free_space.ts";

Deno.test("hasSpaceFor() rejects frames first, then edge metrics, and never core metrics", () => {
  fc.assert(fc.property(fc.nat(1e11), fc.nat(1e9), (totalBytes, freeBytes) => {
    const space = { totalBytes, freeBytes };
    assert.ok(hasSpaceFor("core_metrics", space));
    if (hasSpaceFor("frame", space)) assert.ok(hasSpaceFor("edge_metrics", space));
  }));
  assert.equal(hasSpaceFor("frame", { totalBytes: 1e11, freeBytes: 15e6 }), false);
});

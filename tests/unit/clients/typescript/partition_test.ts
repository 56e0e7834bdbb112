import assert from "node:assert/strict";
import fc from "fast-check";
import { taggedPrefix } from "../../../../clients/typescript/src/partition.ts";
import { taggedPrefix as serversPrefix } from "../../../../src/transports/redis/partition.ts";

Deno.test("taggedPrefix() of the client names what the server does", () => {
  const prefixes = fc.stringMatching(/^[^\s*?[\]\\^{}\p{Cc}]{1,200}$/u);
  fc.assert(
    fc.property(prefixes, fc.integer({ min: 0, max: 1024 }), (keyPrefix, partitions) => {
      const prefix = taggedPrefix(keyPrefix, partitions);
      assert.equal(prefix, serversPrefix({ keyPrefix, partitions }));
    }),
  );
});

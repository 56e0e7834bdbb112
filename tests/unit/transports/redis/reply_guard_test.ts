import assert from "node:assert/strict";
import fc from "fast-check";
import { ReplyGuard } from "../../../../src/transports/redis/reply_guard.ts";

const encoder = new TextEncoder();
const LIMITS = { maxBulkStringBytes: 100, maxArrayElements: 10 };

const reply = fc.oneof(
  fc.integer({ min: -5, max: 1e9 }).map((number) => `:${number}\r\n`),
  fc.constantFrom("+OK\r\n", "$-1\r\n", "*-1\r\n", "-ERR 500 wrong\r\n", "_\r\n"),
  fc.string({ maxLength: 60, unit: "binary-ascii" }).map((text) =>
    `$${text.length}\r\n${text}\r\n`
  ),
  fc.integer({ min: 0, max: 10 }).map((count) => `*${count}\r\n${":1\r\n".repeat(count)}`),
);

Deno.test("ReplyGuard accepts replies within the limits, in chunks of any size", () => {
  fc.assert(fc.property(fc.array(reply), fc.integer({ min: 1, max: 20 }), (replies, chunkBytes) => {
    const guard = new ReplyGuard(LIMITS);
    const bytes = encoder.encode(replies.join(""));
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      assert.equal(guard.inspect(bytes.subarray(at, at + chunkBytes)), undefined);
    }
  }));
});

Deno.test("ReplyGuard reports a reply over a limit at any position, in chunks of any size", () => {
  const tooLarge = fc.constantFrom(
    ["$101\r\n", /larger than max_bulk_string_bytes/],
    ["=99999999999999999999\r\n", /larger than/],
    ["*11\r\n", /longer than max_array_elements/],
    ["%10000000\r\n", /longer than/],
    ["+" + "x".repeat(70_000), /a line longer than/],
  ) as fc.Arbitrary<[string, RegExp]>;
  fc.assert(
    fc.property(
      fc.array(reply),
      tooLarge,
      fc.integer({ min: 1, max: 50 }),
      (before, [tooLargeReply, pattern], chunkBytes) => {
        const guard = new ReplyGuard(LIMITS);
        const bytes = encoder.encode(before.join("") + tooLargeReply);
        let violation: string | undefined;
        for (let at = 0; at < bytes.length && !violation; at += chunkBytes) {
          violation = guard.inspect(bytes.subarray(at, at + chunkBytes));
        }
        assert.match(violation ?? "", pattern);
      },
    ),
  );
});

Deno.test("ReplyGuard never throws on garbage", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (garbage) => {
    new ReplyGuard(LIMITS).inspect(garbage);
  }));
});

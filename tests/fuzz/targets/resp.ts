import assert from "node:assert/strict";
import { Decoder, RESP_TYPES } from "ioredis/built/resp/decoder.js";
import { ReplyGuard } from "../../../src/transports/redis/reply_guard.ts";
import type { FuzzTarget } from "../fuzzer.ts";

const LIMITS = { maxBulkStringBytes: 200, maxArrayElements: 20, maxReplyBytes: 2000 };
/** The guard counts a line, and the decoder its text; both at least 16 bytes for each element. */
const ELEMENT_BYTES = 16;

/** Returns the memory of a decoded reply, as `ReplyGuard` counts it, or less. */
function sizeOf(reply: unknown): number {
  if (reply instanceof Uint8Array) {
    assert(reply.length <= 65_536, `a string of ${reply.length} bytes`);
    return ELEMENT_BYTES + reply.length;
  }
  if (!Array.isArray(reply)) return ELEMENT_BYTES;
  assert(reply.length <= 2 * LIMITS.maxArrayElements, `a list of ${reply.length} elements`);
  return reply.reduce((sum, element) => sum + sizeOf(element), ELEMENT_BYTES);
}

/**
 * The guard of a connection and the parser behind it, which must find the same replies in the same
 * bytes: what the guard takes for small must not be large. The first byte selects the chunks.
 */
export const resp: FuzzTarget = {
  scripts: /reply_guard\.ts|resp\/decoder\.js/,
  maxBytes: 4096,
  seeds: () =>
    [
      "\x00+OK\r\n:1\r\n$5\r\nhello\r\n*2\r\n$1\r\na\r\n*-1\r\n$-1\r\n",
      "\x03-ERR wrong\r\n*3\r\n:-5\r\n*1\r\n+a\r\n$0\r\n\r\n",
      "\x05%2\r\n+a\r\n:1\r\n+b\r\n~2\r\n,1.5e-3\r\n#t\r\n>2\r\n+c\r\n_\r\n(123\r\n=7\r\ntxt:abc\r\n!3\r\nERR\r\n",
      "\x01,inf\r\n,-inf\r\n,nan\r\n,1e5\r\n,-1.25\r\n#f\r\n(-5\r\n:+3\r\n",
    ].map((text) => new TextEncoder().encode(text)),
  dictionary: [
    ...[
      "\r\n",
      "\r",
      "\n",
      "$-1\r\n",
      "*-1\r\n",
      "$5\r\n",
      "*2\r\n",
      "*9999999\r\n",
      "$9999999\r\n",
    ],
    ...[
      "_\r\n",
      "#t\r\n",
      ",inf\r\n",
      ",nan\r\n",
      "=7\r\ntxt:",
      "!3\r\n",
      "%1\r\n",
      "~1\r\n",
      ">1\r\n",
    ],
  ],
  run(input) {
    const guard = new ReplyGuard(LIMITS);
    let pendingBytes = 0;
    const onReply = (reply: unknown) => {
      pendingBytes = 0;
      assert(sizeOf(reply) <= LIMITS.maxReplyBytes, `a reply of ${sizeOf(reply)} bytes`);
    };
    const mapping = {
      [RESP_TYPES.BLOB_STRING]: Uint8Array,
      [RESP_TYPES.MAP]: Array,
      [RESP_TYPES.SET]: Array,
    };
    const decoder = new Decoder({
      getTypeMapping: () => mapping,
      onReply,
      onErrorReply: onReply,
      onPush: onReply,
    });
    const chunkBytes = 1 + input[0]! % 32;
    for (let at = 1; at < input.length; at += chunkBytes) {
      const chunk = Buffer.from(input.subarray(at, at + chunkBytes));
      if (guard.inspect(chunk) !== undefined) return;
      pendingBytes += chunk.length;
      try {
        decoder.write(chunk);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        // Anything else ends the connection.
        assert.match(String(error), /Unknown RESP type/);
        return;
      }
      assert(pendingBytes <= 2 * LIMITS.maxReplyBytes, `${pendingBytes} bytes without a reply`);
    }
  },
};

import assert from "node:assert/strict";
import fc from "fast-check";
import { replyBudget, ReplyGuard } from "../../../../src/transports/redis/reply_guard.ts";

const encoder = new TextEncoder();
const LIMITS = { maxBulkStringBytes: 100, maxArrayElements: 10 };

const reply = fc.oneof(
  fc.integer({ min: -5, max: 1e9 }).map((number) => `:${number}\r\n`),
  fc.constantFrom("+OK\r\n", "$-1\r\n", "*-1\r\n", "-ERR 500 wrong\r\n", "_\r\n"),
  fc.constantFrom("#t\r\n", ",1.5e-7\r\n", ",-inf\r\n", ",nan\r\n", "(-123\r\n", ":+3\r\n"),
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

/** Whether a guard accepts these bytes as the start of a reply. */
function accepts(text: string): boolean {
  return new ReplyGuard(LIMITS).inspect(encoder.encode(text)) === undefined;
}

for (
  const [kind, type, limit] of [
    ["string", "$", 100],
    ["verbatim string", "=", 100],
    ["bulk error", "!", 100],
    ["array", "*", 10],
    ["set", "~", 10],
    ["map", "%", 10],
    ["push message", ">", 10],
  ] as const
) {
  Deno.test(`ReplyGuard accepts a ${kind} of the maximum size, and no larger one`, () => {
    assert.equal(accepts(`${type}${limit}\r\n`), true);
    assert.equal(accepts(`${type}${limit + 1}\r\n`), false);
    assert.equal(accepts(`${type}${limit + 1}`), false, "before the end of its line");
    assert.equal(accepts(`${type}9${"0".repeat(15)}\r\n`), false);
  });
}

Deno.test("ReplyGuard does not take a number, status or error for a size", () => {
  for (const text of [":999999\r\n", "+OK 999999\r\n", "-ERR 999999\r\n", "$-1\r\n", "*-1\r\n"]) {
    assert.equal(accepts(text + "$100\r\n"), true, text);
  }
});

for (
  const [what, line] of [
    ["an LF in a length", "*5\n9999999\r\n"],
    ["a minus in a length", "*9-9999999\r\n"],
    ["a letter in a length", "$9z99\r\n"],
    ["a length of unknown size", "$?\r\n"],
    ["another null than -1", "*-9999\r\n"],
    ["no length", "*\r\n"],
    ["a CR without LF", "+OK\rx"],
    ["an LF without CR", "+OK\n"],
    ["a null that hides a list", "_xx*9999999\r\n"],
    ["a boolean that hides a list", "#txx*9999999\r\n"],
    ["a double that hides a list", ",nanxx*9999999\r\n"],
    ["a verbatim string without a format", "=3\r\n"],
    ["a number without an end", `:${"1".repeat(70)}`],
  ] as const
) {
  Deno.test(`ReplyGuard reports ${what}, which a parser may read as another size`, () => {
    for (const before of ["", "*2\r\n:1\r\n", "$3\r\nabc\r\n"]) {
      assert.equal(accepts(before + line), false);
    }
  });
}

Deno.test("ReplyGuard reports an invalid length at its CR, as a parser may not wait for the LF", () => {
  assert.equal(accepts("*1*9\r"), false);
});

Deno.test("ReplyGuard leaves types that RESP does not have to the parser", () => {
  assert.equal(accepts("HTTP/1.1 400 Bad Request\n\n"), true);
});

Deno.test("ReplyGuard skips the bytes of a string, whatever they are, and checks what follows", () => {
  const string = "$5\r\n*999\r\n";
  assert.equal(accepts(string), true);
  assert.equal(accepts(`${string}x*11\r\n`), false, "$5 holds *999 and CR");
  const exact = "$6\r\n*999\r\n\r\n";
  assert.equal(accepts(exact.repeat(3)), true);
  assert.equal(accepts(exact + "*11\r\n"), false);
  assert.equal(accepts("$0\r\n\r\n*11\r\n"), false);
  assert.equal(accepts("$0\r\n\r\n*10\r\n"), true);
});

Deno.test("ReplyGuard accepts a line of 64 KiB, and no longer one", () => {
  assert.equal(accepts("+" + "x".repeat(65_535)), true);
  assert.equal(accepts("+" + "x".repeat(65_536)), false);
});

/** Feeds `text` in chunks to a guard with a budget of 1000 bytes; returns the first violation. */
function violationIn(text: string, chunkBytes = text.length): string | undefined {
  const guard = new ReplyGuard({
    maxBulkStringBytes: 900,
    maxArrayElements: 60,
    maxReplyBytes: 1000,
  });
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const violation = guard.inspect(bytes.subarray(at, at + chunkBytes));
    if (violation) return violation;
  }
  return undefined;
}

const string = (bytes: number) => `$${bytes}\r\n${"x".repeat(bytes)}\r\n`;

for (
  const [what, reply] of [
    ["strings in a list", `*9\r\n${string(100).repeat(9)}`],
    ["strings in lists of lists", `*3\r\n${`*3\r\n${string(100).repeat(3)}`.repeat(3)}`],
    ["values of a map", `%9\r\n${`:1\r\n${string(100)}`.repeat(9)}`],
    ["lines in a list", `*9\r\n${`+${"x".repeat(100)}\r\n`.repeat(9)}`],
    ["an attribute and what it describes", `|1\r\n${string(300).repeat(2)}${string(400)}`],
    ["lists of announced elements", "*50\r\n*50\r\n"],
    ["pairs of an announced map", "%50\r\n"],
    ["empty lists", `*60\r\n${"*0\r\n".repeat(60)}`],
  ] as const
) {
  Deno.test(`ReplyGuard reports ${what} over the budget of a reply, in chunks of any size`, () => {
    for (const chunkBytes of [1, 7, 10_000]) {
      assert.equal(violationIn(reply, chunkBytes), "a reply larger than 1000 bytes in sum");
    }
  });
}

Deno.test("ReplyGuard gives each reply a budget of its own, however many follow", () => {
  const replies = [
    string(900),
    `*6\r\n${string(100).repeat(6)}`,
    `|1\r\n${string(300)}:1\r\n${string(300)}`,
    "*-1\r\n",
    "*0\r\n",
    "+OK\r\n",
  ];
  assert.equal(violationIn(replies.join("").repeat(50), 11), undefined);
});

Deno.test("replyBudget() has room for one string of the maximum size, and for 8 MiB beside it", () => {
  const mb = 1 << 20;
  const limits = { maxBulkStringBytes: 10 * mb, maxArrayElements: 1000 };
  assert.equal(replyBudget(limits), 18 * mb);
  const guard = new ReplyGuard(limits);
  assert.equal(guard.inspect(encoder.encode(`*2\r\n${string(10 * mb)}$${7 * mb}\r\n`)), undefined);
  const other = new ReplyGuard(limits);
  assert(other.inspect(encoder.encode(`*2\r\n${string(10 * mb)}$${9 * mb}\r\n`)));
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { presenceIn, probeRedis } from "../../../../src/app/up/probe_redis.ts";
import { freePort } from "../../../support/free_port.ts";

Deno.test("presenceIn() recognizes a Redis, one that needs a password, and other programs", () => {
  for (
    const [text, expected] of [
      ["+PONG\r\n", "ready"],
      ["+OK\r\n+PONG\r\n", "ready"],
      ["-LOADING Redis is loading the dataset in memory\r\n", "ready"],
      ["-NOAUTH Authentication required.\r\n", "password"],
      ["-WRONGPASS invalid username-password pair\r\n-NOAUTH x\r\n", "password"],
      ["-NOPERM this user has no permissions\r\n", "password"],
      ["HTTP/1.1 400 Bad Request\r\n", "other"],
      ["-ERR unknown command\r\n", "other"],
      ["+PON", undefined],
      ["+OK\r\n", undefined],
      ["", undefined],
    ] as const
  ) {
    assert.equal(presenceIn(text), expected, text);
  }
});

Deno.test("presenceIn() decides in the same way however the reply is divided", () => {
  fc.assert(fc.property(
    fc.constantFrom("+OK\r\n+PONG\r\n", "-NOAUTH a\r\n", "-ERR a\r\n", "* a\r\n"),
    fc.string(),
    fc.nat(),
    (reply, rest, cut) => {
      const text = reply + rest;
      const early = presenceIn(text.slice(0, cut % text.length));
      assert.ok(early === undefined || early === presenceIn(text));
    },
  ));
});

/** Answers the first bytes of each connection with `reply`, then is silent. */
function listen(reply: string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const connections: Deno.Conn[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      await connection.read(new Uint8Array(64));
      await connection.write(new TextEncoder().encode(reply)).catch(() => {});
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
      for (const connection of connections) connection.close();
    },
  };
}

Deno.test("probeRedis() reports what listens, within its time", async () => {
  assert.equal(await probeRedis({ port: freePort() }), "none");
  for (
    const [reply, expected] of [
      ["+PONG\r\n", "ready"],
      ["-NOAUTH Authentication required.\r\n", "password"],
      ["x".repeat(2000), "other"],
      ["", "other"], // silent
    ] as const
  ) {
    await using server = listen(reply);
    assert.equal(await probeRedis({ port: server.port, timeoutMs: 100 }), expected);
  }
});

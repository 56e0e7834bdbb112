import assert from "node:assert/strict";
import { FakeRedis } from "../support/fake_redis.ts";
import { runProgram } from "../support/physiology_server.ts";

/** An address of this machine that is not loopback. */
const ADDRESS = Deno.networkInterfaces()
  .find(({ family, address }) => family === "IPv4" && !address.startsWith("127."))?.address;

for (
  const [what, argv] of [
    ["serve with a password", ["--simulate", "--frame_publish=never", "--redis_password=secret"]],
    ["serve with frames", ["--simulate"]],
    ["record with a password", ["record", "--redis_password=secret"]],
    ["dashboard", ["dashboard", "--port=0"]],
  ] as const
) {
  Deno.test({
    name: `${what} sends a listener on the network not one byte without TLS, unless it is allowed`,
    ignore: ADDRESS === undefined,
    async fn() {
      await using broker = new FakeRedis(ADDRESS);
      const target = [`--redis_host=${ADDRESS}`, `--redis_port=${broker.port}`];
      const { code, stderr } = await runProgram([...argv, ...target]);
      assert.equal(code, 78);
      assert.match(
        stderr,
        /^physiology_server: Cannot send [^\n]* without TLS: add --redis_tls, or --redis_allow_plaintext\n$/,
      );
      assert.equal(broker.opened, 0);
      const allowed = ["check-config", "--simulate", ...target, "--redis_allow_plaintext"];
      assert.equal((await runProgram(allowed)).code, 0);
    },
  });
}

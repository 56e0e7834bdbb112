import assert from "node:assert/strict";
import { brokerConfig } from "../../../../src/app/up/broker_config.ts";

const password = "0123456789abcdef0123456789abcdef";
/** Of the password, as sha256sum prints it. */
const SHA256 = "3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9";

Deno.test("brokerConfig() listens on loopback, keeps nothing, and has the hash of the password", () => {
  const lines = brokerConfig({ port: 7001, password }).split("\n");
  for (const line of ["bind 127.0.0.1", "port 7001", 'save ""', "appendonly no", "daemonize no"]) {
    assert.ok(lines.includes(line), line);
  }
  assert.ok(!lines.join("\n").includes(password));
  assert.ok(lines.some((line) => line.startsWith(`user default reset on #${SHA256} `)));
});

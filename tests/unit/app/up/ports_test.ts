import assert from "node:assert/strict";
import { choosePort, freePort } from "../../../../src/app/up/ports.ts";
import { freePort as portOfTest } from "../../../support/free_port.ts";

Deno.test("choosePort() takes the preferred port if it is free, and another one if not", () => {
  const preferred = portOfTest();
  assert.equal(choosePort(preferred), preferred);
  using _taken = Deno.listen({ hostname: "127.0.0.1", port: preferred });
  const other = choosePort(preferred);
  assert.notEqual(other, preferred);
  assert.ok(other > 0);
});

Deno.test("freePort() is a port that can be listened at", () => {
  Deno.listen({ hostname: "127.0.0.1", port: freePort() }).close();
});

import assert from "node:assert/strict";
import { isLoopback } from "../../../src/base/loopback.ts";

Deno.test("isLoopback() is true only for addresses that no other machine can reach", () => {
  for (const address of ["localhost", "127.0.0.1", "127.1.22.255", "::1", "[::1]"]) {
    assert.equal(isLoopback(address), true, address);
  }
  const others = [
    "",
    "0.0.0.0",
    "::",
    "[::]",
    "192.168.0.1",
    "128.0.0.1",
    "127.0.0",
    "127.0.0.1.example.com",
    "x127.0.0.1",
    "localhost.example.com",
    "127.0.0.1234",
  ];
  for (const address of others) assert.equal(isLoopback(address), false, address);
});

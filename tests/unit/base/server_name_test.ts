import assert from "node:assert/strict";
import { serverNameOf } from "../../../src/base/server_name.ts";

Deno.test("serverNameOf() is the name of a host, and empty for an address", () => {
  for (const host of ["ward.example.org", "localhost", "192.0.2", "1.2.3.4.example"]) {
    assert.deepEqual(serverNameOf(host), { servername: host });
  }
  for (const host of ["192.0.2.1", "127.0.0.1", "::1", "2001:db8::1"]) {
    assert.deepEqual(serverNameOf(host), {});
  }
});

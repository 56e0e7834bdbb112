import assert from "node:assert/strict";
import { Secret } from "../../../src/config/secret.ts";
import { tokenFor } from "../../../src/web/token.ts";

Deno.test("tokenFor() prints a generated token only beyond loopback and without one", () => {
  const printed: string[] = [];
  const print = (text: string) => void printed.push(text);
  const none = new Secret("");
  assert.equal(tokenFor({ address: "127.0.0.1", token: none }, print), "");
  assert.equal(tokenFor({ address: "0.0.0.0", token: new Secret("given") }, print), "given");
  assert.deepEqual(printed, []);
  const token = tokenFor({ address: "0.0.0.0", token: none }, print);
  assert.match(token, /^[0-9a-f]{32}$/);
  assert.notEqual(tokenFor({ address: "0.0.0.0", token: none }, print), token);
  assert.deepEqual(printed[0], `Token for this run: ${token}`);
});

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Secret } from "../../../src/config/secret.ts";

Deno.test("Secret shows its text only through reveal()", () => {
  const secret = new Secret("hunter2");
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    Deno.inspect({ secret }),
    inspect({ secret }),
    Object.values(secret).join(),
    JSON.stringify(structuredClone(Object.entries(secret))),
  ];
  for (const text of shown) assert.doesNotMatch(text, /hunter2/);
  assert.equal(String(secret), "***");
  assert.equal(secret.reveal(), "hunter2");
});

Deno.test("Secret.isEmpty is true for an empty text", () => {
  const secret = new Secret("");
  assert.equal(secret.isEmpty, true);
  assert.equal(String(secret), "");
});

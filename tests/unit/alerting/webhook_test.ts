import assert from "node:assert/strict";
import { signatureOf } from "../../../src/alerting/notifiers/webhook.ts";

Deno.test("signatureOf() equals the HMAC that openssl computes", () => {
  const { stdout } = new Deno.Command("sh", {
    args: ["-c", `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac "owl 7" -r`],
  }).outputSync();
  const expected = new TextDecoder().decode(stdout).split(" ")[0];
  assert.equal(signatureOf("owl 7", "1700000000", `{"a":1}`), `sha256=${expected}`);
});

import assert from "node:assert/strict";
import { retryAfter } from "../../../src/alerting/http_target.ts";
import { signatureOf } from "../../../src/alerting/notifiers/webhook.ts";

const NOW_MS = Date.UTC(2026, 0, 1);

Deno.test("retryAfter() reads seconds and dates within an hour", () => {
  assert.equal(retryAfter(null), undefined);
  assert.equal(retryAfter("soon"), undefined);
  assert.equal(retryAfter("2"), 2000);
  assert.equal(retryAfter("99999999"), 3_600_000);
  assert.equal(retryAfter("Thu, 01 Jan 2026 00:00:30 GMT", NOW_MS), 30_000);
  assert.equal(retryAfter("Wed, 31 Dec 2025 00:00:00 GMT", NOW_MS), 0);
});

Deno.test("signatureOf() equals the HMAC that openssl computes", () => {
  const { stdout } = new Deno.Command("sh", {
    args: ["-c", `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac "owl 7" -r`],
  }).outputSync();
  const expected = new TextDecoder().decode(stdout).split(" ")[0];
  assert.equal(signatureOf("owl 7", "1700000000", `{"a":1}`), `sha256=${expected}`);
});

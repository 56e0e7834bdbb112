import assert from "node:assert/strict";
import { fetchFailure, retryAfterMs } from "../../../../src/transports/http/outgoing.ts";
import { freePort } from "../../../support/free_port.ts";

const NOW_MS = Date.UTC(2026, 0, 1);

Deno.test("retryAfterMs() reads seconds and dates up to its limit", () => {
  const read = (text?: string) =>
    retryAfterMs(
      { headers: new Headers(text === undefined ? {} : { "retry-after": text }) },
      { maxMs: 3_600_000, nowMs: NOW_MS },
    );
  assert.equal(read(), undefined);
  assert.equal(read("soon"), undefined);
  assert.equal(read("2"), 2000);
  assert.equal(read("99999999"), 3_600_000);
  assert.equal(read("Thu, 01 Jan 2026 00:00:30 GMT"), 30_000);
  assert.equal(read("Wed, 31 Dec 2025 00:00:00 GMT"), 0);
});

Deno.test("fetchFailure() says why a real fetch() has failed", async () => {
  using client = Deno.createHttpClient({});
  const error = await fetch(`http://127.0.0.1:${freePort()}/`, { client }).catch((each) => each);
  assert.match(fetchFailure(error), /[Cc]onnection refused/);
  assert.equal(fetchFailure(new TypeError("no cause")), "no cause");
});

import assert from "node:assert/strict";
import { readBody, readJsonBody } from "../../../src/web/requests.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { settle } from "../../support/manual_clock.ts";

function requestOf(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://a/", { method: "POST", body, headers });
}

/** A body that arrives in parts. */
function partsOf(...parts: readonly string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(parts.map((part) => new TextEncoder().encode(part)));
}

const decoder = new TextDecoder();

Deno.test("readBody() joins the parts of a body up to its size, and refuses a larger one", async () => {
  const read = async (body: BodyInit | null, maxBytes?: number) => {
    const bytes = await readBody(requestOf(body), maxBytes);
    return bytes && decoder.decode(bytes);
  };
  assert.equal(await read(partsOf("ab", "c", "de"), 5), "abcde");
  assert.equal(await read(partsOf("ab", "c", "def"), 5), undefined);
  assert.equal(await read(null), "");
  assert.equal(await read("x".repeat(4096)), "x".repeat(4096));
  assert.equal(await read("x".repeat(4097)), undefined);
});

Deno.test("readBody() waits 5 s for the end of a body", async () => {
  using timers = new HeldTimers();
  let isCanceled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: () => new Promise(() => {}),
    cancel: () => void (isCanceled = true),
  });
  const reading = readBody(requestOf(body));
  await settle();
  timers.advance(4999);
  await settle();
  assert.equal(isCanceled, false);
  timers.advance(1);
  await reading;
  assert.equal(isCanceled, true);
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("readBody() leaves no timer after a body, and has none of one that fails", async () => {
  using timers = new HeldTimers();
  await readBody(requestOf("a"));
  assert.deepEqual(timers.remainingMs, []);
  const broken = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error("away")) });
  assert.equal(await readBody(requestOf(broken)), undefined);
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("readJsonBody() refuses another type and a body that is too large", async () => {
  const statusOf = async (body: string, headers: Record<string, string>) => {
    const result = await readJsonBody(requestOf(body, headers), 10);
    return result instanceof Response ? result.status : decoder.decode(result);
  };
  const json = { "content-type": "application/json" };
  assert.equal(await statusOf("{}", json), "{}");
  assert.equal(await statusOf("{}", { "content-type": "application/json; charset=utf-8" }), "{}");
  assert.equal(await statusOf("{}", { "content-type": "text/plain" }), 415);
  assert.equal(await statusOf("x".repeat(11), json), 413);
});

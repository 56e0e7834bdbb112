import assert from "node:assert/strict";
import { pageUrls } from "../../../../src/app/up/addresses.ts";

const page = { host: "127.0.0.1", port: 8080, hasTls: false, token: "abc" };

Deno.test("pageUrls() has the token in the fragment, which browsers send to no server", () => {
  const [url = ""] = pageUrls(page);
  assert.equal(url, "http://127.0.0.1:8080/#token=abc");
  assert.equal(new Request(url).url.split("#")[0], "http://127.0.0.1:8080/");
  assert.deepEqual(pageUrls({ ...page, token: "" }), ["http://127.0.0.1:8080/"]);
  assert.deepEqual(pageUrls({ ...page, token: "a b&c" }), [
    "http://127.0.0.1:8080/#token=a%20b%26c",
  ]);
});

Deno.test("pageUrls() of all interfaces names loopback and the addresses of the networks", () => {
  const [first, ...others] = pageUrls({ ...page, host: "0.0.0.0", hasTls: true });
  assert.equal(first, "https://127.0.0.1:8080/#token=abc");
  const own = Deno.networkInterfaces().map(({ address }) => address);
  for (const url of others) assert.ok(own.includes(new URL(url).hostname), url);
});

Deno.test("pageUrls() writes IPv6 addresses in brackets", () => {
  assert.deepEqual(pageUrls({ ...page, host: "::1", token: "" }), ["http://[::1]:8080/"]);
  assert.deepEqual(pageUrls({ ...page, host: "[::1]", token: "" }), ["http://[::1]:8080/"]);
});

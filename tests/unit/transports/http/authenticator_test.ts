import assert from "node:assert/strict";
import { Authenticator, isSameOrigin } from "../../../../src/transports/http/authenticator.ts";

const TOKEN = "correct horse";
/** Tokens that differ from the correct one in a few characters, in case, and in length. */
const WRONG_TOKENS = [
  "correct horsf",
  "Correct horse",
  "aaaaaaa aaaaa",
  "correct hors",
  "correct horses",
  "correct horse ",
];

const authenticator = new Authenticator({ token: TOKEN, scope: "80" });

function request(headers: Record<string, string>): Request {
  return new Request("http://127.0.0.1/", { headers });
}

Deno.test("Authenticator.isAllowed() accepts the bearer token and no other of any length", async () => {
  const accepts = (authorization: string) => authenticator.isAllowed(request({ authorization }));
  assert.equal(await accepts(`Bearer ${TOKEN}`), true);
  assert.equal(await accepts(`Basic ${TOKEN}`), false);
  // The Headers class trims the space at the end.
  for (const token of WRONG_TOKENS.filter((text) => text === text.trim())) {
    assert.equal(await accepts(`Bearer ${token}`), false, token);
  }
});

Deno.test("Authenticator.login() returns a cookie for the token and for no other of any length", async () => {
  assert.match(await authenticator.login(TOKEN) ?? "", /^physiology_80=[0-9a-f]{64}; Path=\/; H/);
  for (const token of ["", ...WRONG_TOKENS]) {
    assert.equal(await authenticator.login(token), undefined, token);
  }
  assert.equal(await new Authenticator({ scope: "80" }).login(""), undefined);
});

Deno.test("Authenticator.isAllowed() accepts the cookie of login() and no other of the same length", async () => {
  const cookie = (await authenticator.login(TOKEN))!.split(";")[0]!;
  const accepts = (text: string) => authenticator.isAllowed(request({ cookie: text }));
  const lastDigit = cookie.endsWith("0") ? "1" : "0";
  assert.equal(await accepts(`other=1; ${cookie}`), true);
  assert.equal(await accepts(cookie.slice(0, -1) + lastDigit), false);
  assert.equal(await accepts(`physiology_80=${"0".repeat(64)}`), false);
  assert.equal(await accepts(cookie.replace("_80", "_81")), false);
  const other = new Authenticator({ token: "correct horsf", scope: "80" });
  assert.equal(await other.isAllowed(request({ cookie })), false);
  assert.equal(await authenticator.isAllowed(request({})), false);
});

Deno.test("Authenticator.isAllowed() without a token accepts only the names of loopback", async () => {
  const open = new Authenticator({ scope: "80" });
  const expected: Record<string, boolean> = {
    "localhost": true,
    "localhost:8080": true,
    "127.0.0.1:80": true,
    "127.1.2.3": true,
    "[::1]:80": true,
    "localhost.evil.example": false,
    "127.0.0.1.evil.example": false,
    "evil.example": false,
    "128.0.0.1": false,
    "[::2]": false,
  };
  for (const [host, allowed] of Object.entries(expected)) {
    assert.equal(await open.isAllowed(request({ host })), allowed, host);
  }
  assert.equal(await open.isAllowed(request({})), false);
});

Deno.test("isSameOrigin() compares the origin with the host", () => {
  const of = (headers: Record<string, string>) =>
    isSameOrigin(request({ host: "a:1", ...headers }));
  assert.equal(of({}), true);
  assert.equal(of({ origin: "http://a:1", "sec-fetch-site": "same-origin" }), true);
  assert.equal(of({ "sec-fetch-site": "none" }), true);
  assert.equal(of({ origin: "http://a:2" }), false);
  assert.equal(of({ origin: "http://b:1" }), false);
  assert.equal(of({ origin: "null" }), false);
  assert.equal(of({ "sec-fetch-site": "same-site" }), false);
  assert.equal(of({ "sec-fetch-site": "cross-site" }), false);
});

import assert from "node:assert/strict";
import { Authenticator, isSameOrigin } from "../../../../src/transports/http/authenticator.ts";
import { LoginBudget } from "../../../../src/transports/http/login_budget.ts";

const TOKEN = "correct horse battery";
/** Tokens that differ from the correct one in a few characters, in case, and in length. */
const WRONG_TOKENS = [
  "correct horse batterz",
  "Correct horse battery",
  "aaaaaaa aaaaa aaaaaaa",
  "correct horse batter",
  "correct horse batterys",
  "correct horse battery ",
];
const ADDRESS = "192.0.2.1";
const DAY_MS = 86_400_000;

const clock = { nowMs: 1_700_000_000_000 };
const authenticator = new Authenticator({ token: TOKEN, scope: "80", nowMs: () => clock.nowMs });

function request(headers: Record<string, string>): Request {
  return new Request("http://127.0.0.1/", { headers });
}

/** The cookie of a login, without its attributes. */
function cookieOf(from: Authenticator): string {
  const login = from.login(TOKEN, ADDRESS);
  assert(login.state === "ok");
  return login.cookie.split(";")[0]!;
}

Deno.test("Authenticator.access() accepts the bearer token and no other of any length", () => {
  const access = (authorization: string) =>
    authenticator.access(request({ authorization }), ADDRESS);
  for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer "]) {
    assert.equal(access(`${scheme} ${TOKEN}`), "allowed", scheme);
  }
  assert.equal(access(`Basic ${TOKEN}`), "denied");
  // The Headers class trims the space at the end.
  for (const token of WRONG_TOKENS.filter((text) => text === text.trim())) {
    assert.equal(access(`Bearer ${token}`), "wrong", token);
  }
  assert.equal(
    authenticator.hasToken(request({ authorization: `Bearer ${TOKEN}` }), ADDRESS),
    true,
  );
  assert.equal(authenticator.hasToken(request({}), ADDRESS), false);
});

Deno.test("Authenticator.login() returns a cookie of a day for the token and for no other of any length", () => {
  const login = authenticator.login(TOKEN, ADDRESS);
  assert(login.state === "ok");
  assert.match(
    login.cookie,
    /^physiology_80=\d+\.[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=86400$/,
  );
  for (const token of ["", ...WRONG_TOKENS]) {
    assert.equal(authenticator.login(token, ADDRESS).state, "wrong", token);
  }
  assert.equal(new Authenticator({ scope: "80" }).login("", ADDRESS).state, "wrong");
});

Deno.test("Authenticator with TLS returns a cookie that browsers send with TLS only", () => {
  const login = new Authenticator({ token: TOKEN, scope: "80", secure: true }).login(
    TOKEN,
    ADDRESS,
  );
  assert(login.state === "ok");
  assert.match(login.cookie, /^__Host-physiology_80=.*; Secure$/);
});

Deno.test("Authenticator.access() accepts the cookie of login() and no other of the same length", () => {
  const cookie = cookieOf(authenticator);
  const accepts = (text: string) =>
    authenticator.access(request({ cookie: text }), ADDRESS) === "allowed";
  const lastDigit = cookie.endsWith("0") ? "1" : "0";
  assert.equal(accepts(`other=1; ${cookie}`), true);
  assert.equal(accepts(cookie.slice(0, -1) + lastDigit), false);
  assert.equal(accepts(`physiology_80=${"0".repeat(64)}`), false);
  assert.equal(accepts(cookie.replace("_80", "_81")), false);
  const other = new Authenticator({
    token: WRONG_TOKENS[0],
    scope: "80",
    nowMs: () => clock.nowMs,
  });
  assert.equal(other.access(request({ cookie }), ADDRESS), "denied");
  assert.equal(authenticator.access(request({}), ADDRESS), "denied");
});

Deno.test("Authenticator.access() accepts a session for a day, whatever end the cookie claims", () => {
  const time = { nowMs: clock.nowMs };
  const own = new Authenticator({ token: TOKEN, scope: "80", nowMs: () => time.nowMs });
  const cookie = cookieOf(own);
  const accepts = (text: string) => own.access(request({ cookie: text }), ADDRESS) === "allowed";
  time.nowMs += DAY_MS - 2000;
  assert.equal(accepts(cookie), true);
  time.nowMs += 2001;
  assert.equal(accepts(cookie), false);
  const expiry = /=(\d+)/.exec(cookie)![1]!;
  assert.equal(accepts(cookie.replace(expiry, String(Number(expiry) + 1000))), false);
});

Deno.test("Authenticator compares no token while the budget of wrong ones is used up", () => {
  const time = { nowMs: 0 };
  const budget = new LoginBudget(() => time.nowMs);
  const own = new Authenticator({ token: TOKEN, scope: "80", budget });
  const cookie = cookieOf(own); // ADDRESS has a budget of its own now
  const outcomes = Array.from(
    { length: 100 },
    (_, guess) => own.login("x".repeat(16), `198.51.100.${guess}`).state,
  );
  assert.deepEqual([outcomes.indexOf("limited"), outcomes.lastIndexOf("wrong")], [20, 19]);
  const bearer = request({ authorization: `Bearer ${TOKEN}` });
  assert.equal(own.access(bearer, "203.0.113.7"), "limited");
  assert.equal(own.access(bearer, ADDRESS), "allowed");
  assert.equal(own.access(request({ cookie }), "203.0.113.7"), "allowed");
  time.nowMs += 5001;
  assert.equal(own.access(bearer, "203.0.113.7"), "allowed");
});

Deno.test("LoginBudget limits an address with a budget of its own as well, and forgets the oldest of 256", () => {
  const budget = new LoginBudget(() => 0);
  budget.succeeded("known");
  for (let guess = 0; guess < 20; guess++) {
    assert.equal(budget.allows("known"), true);
    budget.failed("known");
  }
  assert.equal(budget.allows("known"), false);
  assert.equal(budget.allows("other"), true);
  for (let number = 0; number < 256; number++) budget.succeeded(`a${number}`);
  assert.equal(budget.allows("known"), true, "it has the common budget again");
});

Deno.test("Authenticator without a token accepts only the names of loopback", () => {
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
    assert.equal(open.access(request({ host }), ADDRESS) === "allowed", allowed, host);
    assert.equal(open.hasAllowedHost(request({ host })), allowed, host);
    assert.equal(open.hasToken(request({ host }), ADDRESS), false, host);
  }
  assert.equal(open.access(request({}), ADDRESS), "denied");
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

import assert from "node:assert/strict";
import { takeAddressToken } from "../../../../../src/web/page/model/address_token.ts";

/** Takes the token of an address; returns it with the address that remains. */
function taken(address: string) {
  const { hash, pathname, search } = new URL(address);
  const shown: string[] = [];
  const token = takeAddressToken({
    location: { hash, pathname, search },
    history: { replaceState: (_state, _title, url) => void shown.push(url) },
  });
  return { token, shown };
}

Deno.test("takeAddressToken() removes the token from the address, and keeps the rest", () => {
  assert.deepEqual(taken("http://127.0.0.1/#token=abc"), { token: "abc", shown: ["/"] });
  assert.deepEqual(taken("http://h/bed/?lang=de#device=a&token=x%2Fy"), {
    token: "x/y",
    shown: ["/bed/?lang=de#device=a"],
  });
});

Deno.test("takeAddressToken() changes no address without a token", () => {
  assert.deepEqual(taken("http://127.0.0.1/#device=token"), { token: undefined, shown: [] });
  assert.deepEqual(taken("http://127.0.0.1/#token="), { token: undefined, shown: ["/"] });
});

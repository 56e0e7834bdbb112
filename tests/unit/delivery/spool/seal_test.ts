import assert from "node:assert/strict";
import { Secret } from "../../../../src/config/secret.ts";
import { SEAL_BYTES, splitHeader, SpoolKey } from "../../../../src/delivery/spool/seal.ts";

const KEY = new SpoolKey(new Secret("a".repeat(44)));
const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("Seal opens what it has sealed, and what another process sealed with the same key", () => {
  const seal = KEY.newSeal("ward");
  const sealed = [seal.seal(encode("first")), seal.seal(encode("second"))];
  const other = new SpoolKey(new Secret("a".repeat(44))).openSeal(splitHeader(seal.header)!);
  for (const each of [seal, other!]) {
    const opened = sealed.map((bytes) => each.unseal(bytes)!);
    assert.deepEqual(opened.map(({ number }) => number), [0, 1]);
    assert.deepEqual(opened.map(({ plain }) => new TextDecoder().decode(plain)), [
      "first",
      "second",
    ]);
  }
  assert.equal(sealed[0]!.length, 5 + SEAL_BYTES);
});

Deno.test("SpoolKey opens no segment that another key has sealed", () => {
  const header = splitHeader(KEY.newSeal("ward").header)!;
  assert.equal(header.identity, "ward");
  assert.equal(new SpoolKey(new Secret("b".repeat(44))).openSeal(header), undefined);
});

Deno.test("SpoolKey opens no segment whose identity or salt was changed", () => {
  const header = splitHeader(KEY.newSeal("ward").header)!;
  assert.equal(KEY.openSeal({ ...header, identity: "other" }), undefined);
  assert.equal(
    KEY.openSeal({ ...header, salt: header.salt.with(0, header.salt[0]! ^ 1) }),
    undefined,
  );
});

Deno.test("Seal opens nothing with a flipped bit, and nothing that is cut off", () => {
  const seal = KEY.newSeal("ward");
  const sealed = seal.seal(encode("value"));
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const at = bit >> 3;
    assert.equal(seal.unseal(sealed.with(at, sealed[at]! ^ (1 << (bit & 7)))), undefined, `${bit}`);
  }
  for (let end = 0; end < sealed.length; end++) {
    assert.equal(seal.unseal(sealed.subarray(0, end)), undefined);
  }
});

Deno.test("Seal encrypts the same text differently each time, in each segment", () => {
  const [a, b] = [KEY.newSeal("ward"), KEY.newSeal("ward")];
  const texts = [a, a, b, b].map((seal) => seal.seal(encode("same")).toHex());
  assert.equal(new Set(texts).size, 4);
  assert.equal(a.unseal(b.seal(encode("same"))), undefined);
});

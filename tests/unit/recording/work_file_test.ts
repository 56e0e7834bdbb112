import assert from "node:assert/strict";
import { newSealKey, openPlain, SealedFile } from "../../../src/recording/work_file.ts";
import { temporaryFolder } from "../../support/folders.ts";

for (
  const [name, open] of [
    ["openPlain()", openPlain],
    ["SealedFile", (path: string) => new SealedFile(path, KEY)],
  ] as const
) {
  Deno.test(`${name} reads at any offset what was appended in parts of any size`, () => {
    using folder = temporaryFolder();
    const bytes = Uint8Array.from({ length: 300 }, (_, at) => at % 251);
    const path = `${folder.path}/file`;
    for (let at = 0, size = 1; at < bytes.length; at += size++) {
      using file = open(path);
      file.append(bytes.subarray(at, at + size));
    }
    using file = open(path);
    for (let offset = 0; offset <= bytes.length; offset += 7) {
      const into = new Uint8Array(40);
      const count = file.read(offset, into);
      assert.deepEqual(into.subarray(0, count), bytes.subarray(offset, offset + 40));
    }
  });
}

const KEY = newSealKey();

Deno.test("SealedFile is AES-256-CTR from the nonce and block 0, as openssl decrypts it", () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/file`;
  const nonce = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
  {
    using file = new SealedFile(path, { ...KEY, nonce });
    for (let line = 0; line < 50; line++) file.append(new TextEncoder().encode(`line ${line}\n`));
  }
  const hex = Uint8Array.from(KEY.key).toHex();
  const { stdout } = new Deno.Command("openssl", {
    args: ["enc", "-d", "-aes-256-ctr", "-K", hex, "-iv", `${nonce.toHex()}0000000000000000`]
      .concat(["-in", path]),
  }).outputSync();
  const lines = Array.from({ length: 50 }, (_, line) => `line ${line}\n`);
  assert.equal(new TextDecoder().decode(stdout), lines.join(""));
});

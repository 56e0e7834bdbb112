import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ConfigError, UnavailableError, UsageError } from "../../../../../src/base/errors.ts";
import { PasswordFolder } from "../../../../../src/transports/redis/acl/passwords.ts";
import { temporaryFolder } from "../../../../support/folders.ts";

async function open() {
  const folder = temporaryFolder();
  const path = `${folder.path}/keys`;
  const passwords = await PasswordFolder.open(path);
  const hashIn = (name: string) =>
    createHash("sha256").update(Deno.readTextFileSync(`${path}/${name}`).trim()).digest("hex");
  return { path, passwords, hashIn, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

Deno.test("PasswordFolder generates a private password once", async () => {
  using folder = await open();
  const { path, passwords, hashIn } = folder;
  const first = await passwords.hashesOf("ward-1");
  assert.deepEqual(first, [hashIn("ward-1")]);
  assert.deepEqual(await passwords.hashesOf("ward-1"), first);
  assert.notDeepEqual(await passwords.hashesOf("ward-2"), first);
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o700);
  assert.equal(Deno.statSync(`${path}/ward-1`).mode! & 0o777, 0o600);
});

Deno.test("PasswordFolder reports a folder that cannot be created", async () => {
  using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  await assert.rejects(PasswordFolder.open(`${folder.path}/file/keys`), UnavailableError);
});

Deno.test("PasswordFolder hides what other users could read", async () => {
  using folder = await open();
  const { path, passwords } = folder;
  await passwords.hashesOf("ward-1");
  Deno.chmodSync(path, 0o755);
  Deno.chmodSync(`${path}/ward-1`, 0o644);
  await (await PasswordFolder.open(path)).hashesOf("ward-1");
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o700);
  assert.equal(Deno.statSync(`${path}/ward-1`).mode! & 0o777, 0o600);
});

Deno.test("PasswordFolder.rotate() keeps the old password valid until retire()", async () => {
  using folder = await open();
  const { passwords, hashIn } = folder;
  const [old] = await passwords.hashesOf("ward-1");
  passwords.rotate("ward-1");
  const both = await passwords.hashesOf("ward-1");
  assert.deepEqual(both, [hashIn("ward-1"), old]);
  assert.throws(() => passwords.rotate("ward-1"), UsageError);
  passwords.retire("ward-1");
  assert.deepEqual(await passwords.hashesOf("ward-1"), both.slice(0, 1));
  assert.throws(() => passwords.retire("ward-1"), UsageError);
});

Deno.test("PasswordFolder.rotate() that was interrupted is completed by the next command", async () => {
  using folder = await open();
  const { passwords } = folder;
  const [old] = await passwords.hashesOf("ward-1");
  passwords.rotate("ward-1"); // and killed before the new password was generated
  const again = await PasswordFolder.open(folder.path);
  const hashes = await again.hashesOf("ward-1");
  assert.equal(hashes.length, 2);
  assert.equal(hashes[1], old);
});

Deno.test("PasswordFolder replaces no file that it has not written", async () => {
  using folder = await open();
  const { path, passwords } = folder;
  Deno.writeTextFileSync(`${path}/ward-1`, "my own password\n");
  await assert.rejects(passwords.hashesOf("ward-1"), ConfigError);
  assert.throws(() => passwords.rotate("ward-1"), ConfigError);
  assert.equal(Deno.readTextFileSync(`${path}/ward-1`), "my own password\n");
});

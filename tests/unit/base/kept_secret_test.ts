import assert from "node:assert/strict";
import { keepSecret } from "../../../src/base/kept_secret.ts";
import { temporaryFolder } from "../../support/folders.ts";

Deno.test("keepSecret() generates a private secret once, and replaces a damaged one", async () => {
  using folder = temporaryFolder();
  const first = await keepSecret(folder.path, "token");
  assert.match(first.value, /^[0-9a-f]{32}$/);
  assert.equal(Deno.statSync(first.path).mode! & 0o777, 0o600);
  Deno.chmodSync(first.path, 0o644);
  assert.deepEqual(await keepSecret(folder.path, "token"), first);
  assert.equal(Deno.statSync(first.path).mode! & 0o777, 0o600);
  Deno.writeTextFileSync(first.path, first.value.slice(1));
  const second = await keepSecret(folder.path, "token");
  assert.notEqual(second.value, first.value);
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["token"]);
});

Deno.test("keepSecret() reports a file that it cannot read", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(`${folder.path}/token`);
  await assert.rejects(
    keepSecret(folder.path, "token"),
    /Cannot keep a secret in .*: it is a direc/,
  );
});

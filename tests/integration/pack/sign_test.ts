import assert from "node:assert/strict";
import { sign } from "../../../scripts/pack/sign.ts";
import { temporaryFolder } from "../../support/folders.ts";

/** Runs ssh-keygen of Debian; returns whether it succeeded. */
async function sshKeygen(args: readonly string[], stdin?: string): Promise<boolean> {
  const child = new Deno.Command("ssh-keygen", {
    args: [...args],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  if (stdin) await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  return (await child.status).success;
}

Deno.test("sign() makes a signature that ssh-keygen verifies, only for this text and key", async () => {
  using folder = temporaryFolder();
  const path = (name: string) => `${folder.path}/${name}`;
  for (const name of ["key", "other"]) {
    assert(await sshKeygen(["-q", "-t", "ed25519", "-N", "", "-f", path(name)]));
    const key = Deno.readTextFileSync(path(`${name}.pub`));
    Deno.writeTextFileSync(path(`${name}.signers`), `physiology_server ${key}`);
  }
  const text = `${"0".repeat(64)}  physiology_server-linux-x64\n`;
  Deno.writeTextFileSync(path("SHA256SUMS"), text);
  await sign(path("SHA256SUMS"), path("key"));
  await sign(path("SHA256SUMS"), path("key")); // replaces the signature
  const verify = (signers: string, signed: string) =>
    sshKeygen([
      ...["-Y", "verify", "-f", path(`${signers}.signers`), "-I", "physiology_server"],
      ...["-n", "file", "-s", path("SHA256SUMS.sig")],
    ], signed);
  assert.equal(await verify("key", text), true);
  assert.equal(await verify("key", text.replace("0", "1")), false);
  assert.equal(await verify("other", text), false);
});

Deno.test("sign() throws if the key cannot be used", async () => {
  using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/SHA256SUMS`, "x");
  await assert.rejects(sign(`${folder.path}/SHA256SUMS`, `${folder.path}/none`), /Cannot run/);
});

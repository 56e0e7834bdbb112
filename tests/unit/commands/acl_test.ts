import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { run } from "../../../src/commands/acl.ts";
import { aclRules } from "../../../src/transports/redis/acl/rules.ts";
import { commandContext } from "../../support/command_context.ts";
import { temporaryFolder } from "../../support/folders.ts";

/** The lines that `acl` prints for a folder of passwords. */
async function acl(folder: string, ...flags: readonly string[]): Promise<string[]> {
  const context = commandContext(["acl", `--password_folder=${folder}`, ...flags]);
  assert.equal(await run(context), 0);
  return context.printed;
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();

/** The hash in an ACL file of the password in a file. */
function hashOf(path: string): string {
  const password = Deno.readTextFileSync(path).trim();
  return `#${createHash("sha256").update(password).digest("hex")}`;
}

Deno.test("acl prints the user of each device with its whole state, in one line", async () => {
  using folder = temporaryFolder();
  const lines = await acl(folder.path, "--device=ward-1,ward-2");
  assert.deepEqual(
    lines,
    ["ward-1", "ward-2"].map((device) =>
      [
        ...["user", device, "on", "resetpass", hashOf(`${folder.path}/${device}`)],
        ...aclRules("publisher", device),
      ].join(" ")
    ),
  );
  assert.deepEqual(await acl(folder.path, "--device=ward-1,ward-2"), lines);
});

Deno.test("acl has a user of its own for the reader of a device", async () => {
  using folder = temporaryFolder();
  const [line = ""] = await acl(folder.path, "--device=ward-1", "--acl_role=reader");
  assert.ok(line.startsWith("user ward-1-reader on resetpass #"), line);
  assert.ok(line.endsWith(aclRules("reader", "ward-1").join(" ")), line);
  assert.deepEqual(names(folder.path), ["ward-1-reader"]);
});

Deno.test("acl --rotate adds a password, and --retire ends the old one", async () => {
  using folder = temporaryFolder();
  const hashes = async (...flags: string[]) =>
    (await acl(folder.path, "--device=ward-1", ...flags))[0]!.split(" ")
      .filter((word) => word.startsWith("#"));
  const [first] = await hashes();
  const rotated = await hashes("--rotate");
  assert.equal(rotated.length, 2);
  assert.equal(rotated[1], first);
  assert.deepEqual(await hashes(), rotated);
  assert.deepEqual(await hashes("--retire"), [rotated[0]]);
  assert.deepEqual(names(folder.path), ["ward-1"]);
});

Deno.test("acl prints rules for the names of a fleet with partitions", async () => {
  using folder = temporaryFolder();
  const [line = ""] = await acl(folder.path, "--device=ward-1", "--redis_partitions=128");
  assert.ok(line.startsWith("user ward-1 on resetpass #"), line);
  assert.ok(line.endsWith(aclRules("publisher", "{p68}:ward-1").join(" ")), line);
  assert.deepEqual(names(folder.path), ["ward-1"]);
});

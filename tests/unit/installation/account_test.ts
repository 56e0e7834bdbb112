import assert from "node:assert/strict";
import { UnavailableError } from "../../../src/base/errors.ts";
import {
  accountIds,
  addAccount,
  changeOwner,
  removeAccount,
} from "../../../src/installation/account.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { withEnvironment } from "../../support/environment.ts";
import { writeProgram } from "../../support/programs.ts";

/** Runs `use` with programs for accounts that write their arguments to a file; returns these. */
async function callsIn(use: () => Promise<void>): Promise<string[]> {
  using folder = temporaryFolder();
  const calls = `${folder.path}/calls`;
  Deno.writeTextFileSync(calls, "");
  for (const name of ["useradd", "userdel"]) {
    writeProgram(`${folder.path}/${name}`, `#!/bin/sh\necho "${name} $*" >>${calls}\n`);
  }
  await withEnvironment({ PATH: `${folder.path}:${Deno.env.get("PATH")}` }, use);
  return Deno.readTextFileSync(calls).trim().split("\n").filter((line) => line !== "");
}

Deno.test("accountIds() reads the ids of an account, and returns undefined if there is none", () => {
  assert.deepEqual(accountIds("root"), { uid: 0, gid: 0 });
  assert.equal(accountIds("roo"), undefined);
  assert.equal(accountIds("no_such_account"), undefined);
});

Deno.test("addAccount() creates an account without a login that may use cameras, once", async () => {
  assert.deepEqual(await callsIn(() => addAccount("no_such_account", "/h")), [
    "useradd --system --user-group --no-create-home --home-dir /h --shell /usr/sbin/nologin " +
    "--groups video no_such_account",
  ]);
  assert.deepEqual(await callsIn(() => addAccount("daemon", "/h")), []);
});

Deno.test("removeAccount() removes an account that exists", async () => {
  assert.deepEqual(await callsIn(() => removeAccount("daemon")), ["userdel daemon"]);
  assert.deepEqual(await callsIn(() => removeAccount("no_such_account")), []);
});

Deno.test("changeOwner() throws for an account that does not exist", () => {
  assert.throws(() => changeOwner("/", "no_such_account"), UnavailableError);
});

Deno.test({
  name: "changeOwner() makes an account the owner of a file",
  ignore: Deno.uid() !== 0,
  fn() {
    using folder = temporaryFolder();
    const path = `${folder.path}/file`;
    Deno.writeTextFileSync(path, "");
    changeOwner(path, "daemon");
    const { uid, gid } = Deno.statSync(path);
    assert.deepEqual({ uid, gid }, accountIds("daemon"));
  },
});

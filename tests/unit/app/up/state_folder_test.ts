import assert from "node:assert/strict";
import { openStateFolder, stateFolder } from "../../../../src/app/up/state_folder.ts";
import { ConfigError, UnavailableError } from "../../../../src/base/errors.ts";
import { temporaryFolder } from "../../../support/folders.ts";

const modeOf = (path: string) => Deno.statSync(path).mode! & 0o777;

Deno.test("stateFolder() is that of the service, of XDG, or of the home", () => {
  assert.equal(stateFolder({ STATE_DIRECTORY: "/a:/b", XDG_STATE_HOME: "/c", HOME: "/d" }), "/a");
  assert.equal(stateFolder({ XDG_STATE_HOME: "/c", HOME: "/d" }), "/c/physiology_server");
  assert.equal(
    stateFolder({ XDG_STATE_HOME: "relative", HOME: "/d/" }),
    "/d/.local/state/physiology_server",
  );
  assert.equal(stateFolder({}), undefined);
});

Deno.test("openStateFolder() creates a private folder, and hides one that others can read", async () => {
  using folder = temporaryFolder();
  const env = { XDG_STATE_HOME: `${folder.path}/deep` };
  const path = await openStateFolder(env);
  assert.equal(modeOf(path), 0o700);
  Deno.chmodSync(path, 0o755);
  assert.equal(await openStateFolder(env), path);
  assert.equal(modeOf(path), 0o700);
});

Deno.test("openStateFolder() explains a missing home, and a folder that cannot be created", async () => {
  await assert.rejects(openStateFolder({}), (error: ConfigError) => {
    assert.match(error.describe(), /set HOME, or XDG_STATE_HOME/);
    return error instanceof ConfigError;
  });
  using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  await assert.rejects(
    openStateFolder({ XDG_STATE_HOME: `${folder.path}/file` }),
    UnavailableError,
  );
});

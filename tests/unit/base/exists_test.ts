import assert from "node:assert/strict";
import { exists } from "../../../src/base/exists.ts";
import { temporaryFolder } from "../../support/folders.ts";

Deno.test("exists() holds for files, folders and links to them, and for no other path", () => {
  using folder = temporaryFolder();
  const path = (name: string) => `${folder.path}/${name}`;
  Deno.writeTextFileSync(path("file"), "");
  Deno.symlinkSync(path("file"), path("link"));
  Deno.symlinkSync(path("none"), path("broken"));
  for (const name of [".", "file", "link"]) assert.equal(exists(path(name)), true, name);
  for (const name of ["none", "broken", "file/inside"]) {
    assert.equal(exists(path(name)), false, name);
  }
});

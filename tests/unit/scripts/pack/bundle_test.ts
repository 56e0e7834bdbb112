import assert from "node:assert/strict";
import { MAIN } from "../../../../scripts/pack/bundle.ts";
import { temporaryFolder } from "../../../support/folders.ts";

Deno.test("MAIN gives the program a require() for modules of Node, which throws for others", async () => {
  using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/main.js`, MAIN);
  Deno.writeTextFileSync(
    `${folder.path}/program.js`,
    `console.log(require("node:net").isIP("::1"), require("events").name);
    try {
      require("bufferutil");
    } catch ({ code }) {
      console.log(code);
    }
    console.log(Deno.env.get("PHYSIOLOGY_ASSETS"));`,
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", "--allow-env", `${folder.path}/main.js`],
    env: { PHYSIOLOGY_ASSETS: "" },
  }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).trim().split("\n"), [
    "6 EventEmitter",
    "MODULE_NOT_FOUND",
    folder.path,
  ]);
});

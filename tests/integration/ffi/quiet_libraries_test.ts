import assert from "node:assert/strict";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Opens the face detector; run in a process of its own, with an empty home folder. */
const PROGRAM = `
import { Vision } from "${ROOT}src/vision/vision.ts";
import { silentLog } from "${ROOT}src/telemetry/log.ts";
await using vision = await Vision.open({ log: silentLog });
await new Promise((resolve) => setTimeout(resolve, 500));
`;

function* filesUnder(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* filesUnder(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

Deno.test("Vision.open() and its libraries write no file to the home folder", async () => {
  const home = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${home}/program.ts`, PROGRAM);
    const info = JSON.parse(
      new TextDecoder().decode(
        (await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout,
      ),
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-net", `--config=${ROOT}deno.json`, `${home}/program.ts`],
      env: { HOME: home, TMPDIR: home, XDG_CACHE_HOME: "", DENO_DIR: info.denoDir },
      cwd: home,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.deepEqual([...filesUnder(home)], [`${home}/program.ts`]);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

import assert from "node:assert/strict";

const SRC = new URL("../../src/", import.meta.url);

function* modulesIn(folder: URL): Generator<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* modulesIn(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}

// The coverage figure counts loaded modules only: this test loads those that have no test.
Deno.test("every module of src can be imported without side effects", async () => {
  const before = Deno.cwd();
  let count = 0;
  for (const module of modulesIn(SRC)) {
    await import(module.href);
    count++;
  }
  assert(count > 200, `${count} modules`);
  assert.equal(Deno.cwd(), before);
});

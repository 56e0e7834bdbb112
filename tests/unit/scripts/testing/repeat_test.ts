import assert from "node:assert/strict";
import { temporaryFolder } from "../../../support/folders.ts";

const ROOT = new URL("../../../../", import.meta.url).pathname;

/** Runs the script with one module. */
async function repeat(text: string, ...args: readonly string[]) {
  using folder = temporaryFolder();
  const path = `${folder.path}/chance_test.ts`;
  Deno.writeTextFileSync(path, text);
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "scripts/repeat.ts", ...args, path],
    cwd: ROOT,
  }).output();
  return { code, output: new TextDecoder().decode(stdout) };
}

Deno.test("repeat.ts counts the failures of each test, with their seeds", async () => {
  const { code, output } = await repeat(
    `
    const seed = Number(Deno.env.get("TEST_SEED"));
    Deno.test("unit() fails by chance", () => { if (seed % 2 === 0) throw new Error("even"); });
    Deno.test("unit() passes", () => {});`,
    "--runs=3",
    "--seed=4",
  );
  assert.equal(code, 1);
  assert.match(output, /^run 1 of 3, seed 4: 1 passed, 1 failed, \d+ s$/m);
  assert.match(output, /^run 2 of 3, seed 5: 2 passed, 0 failed, \d+ s$/m);
  assert.match(output, /^ {4}error: Error: even$/m);
  assert.match(output, /^ +2 × unit\(\) fails by chance \(\S+chance_test\.ts\) \(seed 4, 6\)$/m);
  assert.match(output, /^3 runs, 2 failed; 6 tests$/m);
});

Deno.test("repeat.ts --pauses pauses the process of a test", async () => {
  const { code, output } = await repeat(
    `
    Deno.test("unit() is paused", async () => {
      const script = "until grep -q ') T ' /proc/$PPID/stat; do sleep 0.001; done";
      await new Deno.Command("sh", { args: ["-c", script] }).output();
    });`,
    "--runs=1",
    "--timeout=20",
    "--pauses",
  );
  assert.equal(code, 0, output);
});

Deno.test("repeat.ts names a path that does not exist", () => {
  const { code, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "scripts/repeat.ts", "tests/unit/none"],
    cwd: ROOT,
  }).outputSync();
  assert.equal(code, 64);
  assert.equal(new TextDecoder().decode(stderr), "Not found: tests/unit/none\n");
});

Deno.test("repeat.ts succeeds without a failure", async () => {
  const { code, output } = await repeat(`Deno.test("unit() passes", () => {});`, "--runs=2");
  assert.equal(code, 0);
  assert.match(output, /^2 runs, 0 failed; 2 tests$/m);
});

Deno.test("repeat.ts counts a run without an end or without a summary as failed", async () => {
  const endless = await repeat(
    `Deno.test("unit() does not end", () => { for (;;); });`,
    "--runs=1",
    "--timeout=3",
  );
  assert.equal(endless.code, 1);
  assert.match(endless.output, /^ +1 × \S+chance_test\.ts \(no end after 3 s\) \(seed 1\)$/m);
  const unreadable = await repeat(`no syntax`, "--runs=1");
  assert.equal(unreadable.code, 1);
  assert.match(unreadable.output, /^ +1 × \S+chance_test\.ts \(no summary\) \(seed 1\)$/m);
  assert.match(unreadable.output, /SyntaxError/);
});

import assert from "node:assert/strict";
import { runModules } from "../../../../scripts/testing/pool.ts";
import { temporaryFolder } from "../../../support/folders.ts";

/** Runs modules with the given texts, and returns their results by name, in the order of their ends. */
async function run(
  texts: Readonly<Record<string, string>>,
  seconds: Record<string, number> = {},
  keyOf: (path: string) => string | undefined = () => undefined,
) {
  using folder = temporaryFolder();
  const paths = Object.entries(texts).map(([name, text]) => {
    const path = `${folder.path}/${name}_test.ts`;
    Deno.writeTextFileSync(path, text);
    return path;
  });
  const durations = `${folder.path}/seconds.json`;
  const named = Object.entries(seconds).map(([name, each]) => [
    `${folder.path}/${name}_test.ts`,
    each,
  ]);
  if (named.length > 0) {
    Deno.writeTextFileSync(durations, JSON.stringify(Object.fromEntries(named)));
  }
  const runs = await runModules(paths, { jobs: 1, durations, keyOf });
  const nameOf = (name: string) => /([a-z]+)_test\.ts$/.exec(name)?.[1] ?? "several";
  return {
    runs: new Map(runs.map((each) => [nameOf(each.name), each])),
    kept: Object.keys(JSON.parse(Deno.readTextFileSync(durations))).map(nameOf).toSorted(),
  };
}

Deno.test("runModules() counts the tests of each module, and names those that fail", async () => {
  const { runs } = await run({
    mixed: `
      Deno.test("unit() adds", () => {});
      Deno.test({ name: "unit() is skipped", ignore: true, fn() {} });
      Deno.test("unit() has => in its name", () => { throw new Error("one reason"); });
      Deno.test("unit() has steps", async (t) => {
        await t.step("a step", () => { throw new Error("another reason"); });
        await t.step("the next step", () => {});
      });`,
    leaking: `Deno.test("unit() leaves a timer", () => { setTimeout(() => {}, 60_000); });`,
    broken: `throw new Error("the import fails");`,
    unreadable: `no syntax`,
  });
  const { passed, failed, ignored, failures, errors } = runs.get("mixed")!;
  assert.deepEqual([passed, failed, ignored], [1, 2, 1]);
  assert.match(failures[0]!, /^unit\(\) has => in its name \(\S+mixed_test\.ts\)$/);
  assert.match(failures[1]!, /^unit\(\) has steps \.\.\. a step \(\S+mixed_test\.ts\)$/);
  assert.match(errors, /one reason[^]*another reason/);
  assert.match(runs.get("leaking")!.errors, /timer/);
  const broken = runs.get("broken")!;
  assert.deepEqual([broken.passed, broken.failed], [0, 1]);
  assert.match(broken.failures[0]!, /broken_test\.ts \(uncaught error\)$/);
  const unreadable = runs.get("unreadable")!;
  assert.equal(unreadable.failed, 1);
  assert.match(unreadable.failures[0]!, /unreadable_test\.ts \(no summary\)$/);
  assert.match(unreadable.errors, /SyntaxError/);
});

Deno.test("runModules() runs each module in a process of its own", async () => {
  const text = `Deno.test("process " + Deno.pid, () => {});`;
  const { runs } = await run({ one: text, two: text });
  const pids = [...runs.values()].map(({ output }) => /process (\d+)/.exec(output)![1]);
  assert.equal(new Set(pids).size, 2);
});

Deno.test("runModules() runs modules of the same key in one process, and others alone", async () => {
  const text = `Deno.test("process " + Deno.pid, () => {});`;
  const failing = `Deno.test("unit() fails", () => { throw new Error("one reason"); });`;
  const { runs } = await run(
    { one: text, two: text, failing, lonely: text },
    {},
    (path) => path.includes("lonely") ? undefined : "shared",
  );
  assert.deepEqual([...runs.keys()].toSorted(), ["lonely", "several"]);
  const { passed, failed, failures, output } = runs.get("several")!;
  assert.deepEqual([passed, failed], [2, 1]);
  assert.match(failures[0]!, /^unit\(\) fails \(\S+failing_test\.ts\)$/);
  const pids = [...output.matchAll(/process (\d+)/g)].map(([, pid]) => pid);
  assert.equal(new Set(pids).size, 1);
  assert.equal(pids.length, 2);
});

Deno.test("runModules() starts with new modules, then with those that took longest", async () => {
  const text = `Deno.test("x", () => {});`;
  const { runs, kept } = await run(
    { short: text, long: text, fresh: text, middle: text },
    { short: 1, long: 9, middle: 4, absent: 5 },
  );
  assert.deepEqual([...runs.keys()], ["fresh", "long", "middle", "short"]);
  // Modules that were removed are forgotten.
  assert.deepEqual(kept, ["fresh", "long", "middle", "short"]);
});

import assert from "node:assert/strict";
import { mayShareProcess, testModules } from "../../../../scripts/testing/modules.ts";

Deno.test("testModules() has the test modules at and below paths once, sorted", () => {
  const own = "tests/unit/scripts/testing/modules_test.ts";
  assert.deepEqual(testModules(own, "tests/unit/scripts/testing/"), [
    own,
    "tests/unit/scripts/testing/pauses_test.ts",
    "tests/unit/scripts/testing/pool_test.ts",
    "tests/unit/scripts/testing/repeat_test.ts",
  ]);
  assert.ok(testModules("tests/support").length === 0);
  assert.throws(() => testModules("tests/none"), Deno.errors.NotFound);
});

Deno.test("mayShareProcess() holds for unit tests that change nothing global", () => {
  assert.equal(mayShareProcess("tests/unit/scripts/testing/modules_test.ts"), true);
  assert.equal(mayShareProcess("tests/unit/installation/plan_test.ts"), false);
  assert.equal(mayShareProcess("tests/fuzz/fuzzer_test.ts"), false);
});

import assert from "node:assert/strict";
import { readLoadedFiles, selectTests } from "../../../../scripts/mutate/test_selection.ts";

const ROOT = new URL("../../../../", import.meta.url).pathname;

Deno.test("selectTests() selects the tests that load a file, the nearest first", () => {
  const path = "src/delivery/outbox.ts";
  const loaded = new Map([
    ["tests/unit/web/hub_test.ts", new Map([[path, 3]])],
    ["tests/unit/app/stall_test.ts", new Map([[path, 2]])],
    ["tests/unit/delivery/bus_test.ts", new Map([[path, 2]])],
    ["tests/unit/delivery/backlog_test.ts", new Map<string, number>()],
    ["tests/unit/delivery/outbox_test.ts", new Map([[path, 2]])],
    ["tests/fuzz/delivery/queue_test.ts", new Map([[path, 2]])],
    ["tests/integration/app/lifecycle_test.ts", new Map([[path, 2]])],
    ["tests/integration/delivery/disk_test.ts", new Map<string, number>()],
  ]);
  assert.deepEqual(selectTests(path, "delivery", loaded), {
    unit: ["tests/unit/delivery/outbox_test.ts"],
    room: ["tests/unit/delivery/bus_test.ts", "tests/fuzz/delivery/queue_test.ts"],
    others: ["tests/unit/app/stall_test.ts", "tests/unit/web/hub_test.ts"],
    integration: [
      "tests/integration/delivery/disk_test.ts",
      "tests/integration/app/lifecycle_test.ts",
    ],
  });
});

Deno.test("readLoadedFiles() follows imports through other files", async () => {
  const loaded = await readLoadedFiles(ROOT);
  const files = loaded.get("tests/unit/scripts/mutate/test_selection_test.ts");
  assert.deepEqual(
    [...files ?? []],
    [
      ["tests/unit/scripts/mutate/test_selection_test.ts", 0],
      ["scripts/mutate/test_selection.ts", 1],
    ],
  );
  assert.ok(loaded.get("tests/unit/delivery/outbox_test.ts")?.has("src/delivery/backlog.ts"));
});

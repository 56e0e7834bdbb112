import { monotonicUs } from "../../../../src/base/time.ts";
import assert from "node:assert/strict";
import { EdaProxy } from "../../../../src/vitals/perfusion/eda.ts";

Deno.test("EdaProxy is 0 at the usual perfusion and rises if the perfusion falls", () => {
  const proxy = new EdaProxy();
  const values = Array.from(
    { length: 60 },
    (_, k) => proxy.push({ timeUs: monotonicUs(k * 1e6), value: k < 50 ? 0.01 : 0.005 }),
  );
  assert.ok(values.slice(0, 19).every((value) => value === undefined));
  assert.ok(Math.abs(values[40]!.value) < 1e-9);
  assert.ok(Math.abs(values[59]!.value - Math.log(2)) < 1e-9);
});

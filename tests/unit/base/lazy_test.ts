import assert from "node:assert/strict";
import { lazy } from "../../../src/base/lazy.ts";

Deno.test("lazy() makes its value at the first call, and only once", () => {
  let calls = 0;
  const value = lazy(() => {
    calls++;
    return undefined;
  });
  assert.equal(calls, 0);
  value();
  value();
  assert.equal(calls, 1);
});

import assert from "node:assert/strict";
import { assetPath } from "../../../src/base/assets.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { NativeError, nativeMonotonicUs, openLibrary, unwrap } from "../../../ffi/library.ts";
import { RegionMeter } from "../../../ffi/regions.ts";

for (
  const [code, status] of [
    [-1, "argument"],
    [-2, "memory"],
    [-3, "system"],
    [-4, "no_device"],
    [-5, "busy"],
    [-6, "permission"],
    [-7, "format"],
    [-8, "timeout"],
    [-9, "state"],
    [-10, "system"],
  ] as const
) {
  Deno.test(`unwrap() throws the status ${status} for ${code}`, () => {
    assert.throws(() => unwrap(code, "It failed"), (error: unknown) => {
      assert.ok(error instanceof NativeError);
      assert.deepEqual([error.status, error.message], [status, "It failed"]);
      return true;
    });
  });
}

Deno.test("unwrap() returns a code of 0 or more", () => {
  assert.deepEqual([unwrap(0), unwrap(1, "unused"), unwrap(77)], [0, 1, 77]);
});

Deno.test("unwrap() takes the library's message by default, or states the code", () => {
  using meter = new RegionMeter();
  assert.throws(() => meter.track(9, undefined), /^NativeError: Cannot track motion 9: /);
  assert.throws(() => unwrap(-1, ""), /native status -1/);
});

Deno.test("openLibrary() refuses a library that is cut off, which would end the process when it is used", () => {
  using folder = temporaryFolder();
  const bytes = Deno.readFileSync(assetPath("nativeLibrary"));
  const path = `${folder.path}/lib.so`;
  for (const size of [0, 63, 4096, bytes.length >> 1, bytes.length - 1]) {
    Deno.writeFileSync(path, bytes.subarray(0, size));
    assert.throws(() => openLibrary(path, {}, "run scripts/setup"), {
      name: "UnavailableError",
      message: `Cannot open the library ${path}: the file is cut off at ${size} bytes: ` +
        "run scripts/setup",
    });
  }
});

Deno.test("openLibrary() states the path and the hint", () => {
  assert.throws(
    () => openLibrary("/nowhere/lib.so", {}, "install it"),
    /^UnavailableError: Cannot open the library \/nowhere\/lib\.so: .*: install it$/s,
  );
});

Deno.test("nativeMonotonicUs() counts microseconds", async () => {
  // The process may pause between two readings, so each is between two of the other clock, in ms.
  const read = () => {
    const from = performance.now(), us = nativeMonotonicUs();
    return { from, us, to: performance.now() };
  };
  const before = read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const after = read();
  const us = after.us - before.us;
  const least = after.from - before.to, most = after.to - before.from;
  assert.ok(us / 1000 > least - 1 && us / 1000 < most + 1, `${us} us in ${least} to ${most} ms`);
  assert.ok(Number.isInteger(us));
});

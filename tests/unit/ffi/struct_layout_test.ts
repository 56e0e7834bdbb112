import assert from "node:assert/strict";
import { openNativeLibrary } from "../../../ffi/library.ts";
import { STRUCT_LAYOUTS } from "../../../ffi/struct_layout.ts";

const SYMBOLS = {
  // const char *ph_struct_layout(void)
  ph_struct_layout: { parameters: [], result: "pointer" },
} as const;
const native = openNativeLibrary(SYMBOLS);

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

Deno.test("STRUCT_LAYOUTS equals the layouts that the native library was compiled with", () => {
  const pointer = native.ph_struct_layout();
  const compiled = Deno.UnsafePointerView.getCString(pointer!).trim().split("\n");
  const expected = STRUCT_LAYOUTS.flatMap(({ tag, bytes, offsets }) => [
    `${tag} sizeof ${bytes}`,
    ...Object.entries(offsets).map(([field, offset]) => `${tag} ${snakeCase(field)} ${offset}`),
  ]);
  assert.deepEqual(compiled, expected);
});

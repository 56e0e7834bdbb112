import assert from "node:assert/strict";
import { cMutants } from "../../../../scripts/mutate/c_mutants.ts";
import { applyMutant } from "../../../../scripts/mutate/mutant.ts";

function mutate(text: string): [operator: string, line: number, text: string][] {
  return cMutants("ffi/native/file.c", text)
    .map((mutant) => [mutant.operator, mutant.line, applyMutant(text, mutant)]);
}

Deno.test("cMutants() changes operators, numbers and calls that stand alone", () => {
  assert.deepEqual(mutate("if (a < b || c == 8)\n  free(c);\n"), [
    ["comparison", 1, "if (a >= b || c == 8)\n  free(c);\n"],
    ["logic", 1, "if (a < b && c == 8)\n  free(c);\n"],
    ["comparison", 1, "if (a < b || c != 8)\n  free(c);\n"],
    ["number", 1, "if (a < b || c == 16)\n  free(c);\n"],
    ["call", 2, "if (a < b || c == 8)\n  ;\n"],
  ]);
});

Deno.test("cMutants() changes no comments, texts, directives, pointers or identifiers", () => {
  const text = `/* 1 < 2 */ // 3 - 4
#define LIMIT 5 \\
  6
#include <stdint.h>
uint8_t *p = "7 + 8";
_Static_assert(sizeof(x) == 9,
               "size");
`;
  assert.deepEqual(mutate(text), []);
});

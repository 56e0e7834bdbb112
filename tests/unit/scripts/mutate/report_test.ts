import assert from "node:assert/strict";
import { type Mutant } from "../../../../scripts/mutate/mutant.ts";
import { renderReport } from "../../../../scripts/mutate/report.ts";
import { sampleMutants } from "../../../../scripts/mutate/sample.ts";

function mutantAt(path: string, line: number): Mutant {
  return {
    path,
    line,
    operator: "number",
    start: 0,
    end: 1,
    original: "1",
    replacement: "2",
  };
}

Deno.test("renderReport() counts by room and lists the survivors", () => {
  const report = renderReport([
    { mutant: mutantAt("src/web/hub.ts", 3), killedBy: "unit" },
    { mutant: mutantAt("src/web/hub.ts", 7), killedBy: undefined },
    { mutant: mutantAt("ffi/native/jpeg.c", 5), killedBy: "native" },
  ]);
  assert.deepEqual(report.split("\n"), [
    "| room | mutants | killed | rate |",
    "| --- | ---: | ---: | ---: |",
    "| native | 1 | 1 | 100 % |",
    "| web | 2 | 1 | 50 % |",
    "| all | 3 | 2 | 67 % |",
    "",
    "- src/web/hub.ts:7 number: `1` -> `2`",
    "",
  ]);
});

Deno.test("sampleMutants() draws from every room, and the same ones for the same seed", () => {
  const mutants = [
    ...Array.from({ length: 900 }, (_, line) => mutantAt("src/vitals/a.ts", line)),
    ...Array.from({ length: 100 }, (_, line) => mutantAt("src/base/b.ts", line)),
  ];
  const sample = sampleMutants(mutants, 50, 7);
  assert.equal(sample.filter(({ path }) => path === "src/vitals/a.ts").length, 45);
  assert.equal(sample.filter(({ path }) => path === "src/base/b.ts").length, 8);
  assert.deepEqual(sampleMutants(mutants, 50, 7), sample);
  assert.notDeepEqual(sampleMutants(mutants, 50, 8), sample);
});

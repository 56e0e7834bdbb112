import assert from "node:assert/strict";
import {
  growthPlots,
  type GrowthPoint,
  growthRows,
  readGrowth,
} from "../../bench/growth_results.ts";

const POINT: GrowthPoint = {
  varied: "fps",
  width: 640,
  height: 480,
  fps: 60,
  subscribers: 1,
  cpuMs: 2,
  pssMb: 150.4,
  frameP50Ms: 3.04,
  frameP99Ms: 9,
  lost: 0,
};

Deno.test("growthRows() has the share of a core, and nothing where there is no subscriber", () => {
  const none = { ...POINT, subscribers: 0, frameP50Ms: NaN, frameP99Ms: NaN, lost: NaN };
  assert.deepEqual(growthRows([POINT, none]), [
    ["640x480", "60", "1", "2.00", "12 %", "3.0", "9.0", "0", "150"],
    ["640x480", "60", "0", "2.00", "12 %", "", "", "", "150"],
  ]);
});

Deno.test("growthPlots() draws each quantity against what was varied for it", () => {
  const points = [
    POINT,
    { ...POINT, fps: 120, cpuMs: 1.5 },
    { ...POINT, varied: "size" as const },
    { ...POINT, varied: "subscribers" as const },
  ];
  const svg = growthPlots(points);
  assert.equal(svg.match(/<title>/g)?.length, 4);
  assert.ok(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"'));
  // 12 and 18 % of a core: the higher of two points lies at 1 / 1.1 of the plot.
  assert.match(svg, /<polyline class="first" points="262.0,127.0 466.0,58.5"\/>/);
});

Deno.test("PERFORMANCE.md has the table of the growth, and docs/performance.svg its plots", () => {
  const read = (path: string) =>
    Deno.readTextFileSync(new URL(`../../../docs/${path}`, import.meta.url));
  const rows = read("PERFORMANCE.md").split("\n")
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()).join("|"));
  for (const row of growthRows(readGrowth())) {
    assert.ok(rows.includes(row.join("|")), row.join(" | "));
  }
  assert.equal(read("performance.svg"), growthPlots(readGrowth()));
});

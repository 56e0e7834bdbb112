import assert from "node:assert/strict";
import fc from "fast-check";
import { fitGrid, MIN_TILE, moveInGrid } from "../../../../../src/web/page/model/grid.ts";

Deno.test("fitGrid() shows 60 devices on 1920x1080 without scrolling", () => {
  const { columns, tileHeight, tileWidth } = fitGrid(60, { width: 1904, height: 1000 });
  const rows = Math.ceil(60 / columns);
  assert.ok(rows * (tileHeight + 6) <= 1006, `${rows} rows of ${tileHeight} px`);
  assert.ok(columns * (tileWidth + 6) <= 1910, `${columns} columns of ${tileWidth} px`);
  assert.ok(tileWidth >= MIN_TILE.width && tileHeight >= MIN_TILE.height);
});

Deno.test("fitGrid() scrolls with the smallest tiles, or shrinks them for a wall display", () => {
  const area = { width: 1904, height: 1000 };
  assert.equal(fitGrid(200, area).tileHeight, MIN_TILE.height);
  const wall = fitGrid(200, { ...area, shrink: true });
  assert.ok(Math.ceil(200 / wall.columns) * (wall.tileHeight + 6) <= 1006);
  assert.deepEqual(fitGrid(1, { width: 120, height: 300 }), {
    columns: 1,
    tileWidth: 120,
    tileHeight: MIN_TILE.height,
  });
});

Deno.test("fitGrid() uses larger tiles for fewer devices", () => {
  const widths = [60, 24, 6, 1].map((count) =>
    fitGrid(count, { width: 1904, height: 1000 }).tileWidth
  );
  assert.deepEqual(widths, widths.toSorted((a, b) => a - b));
  assert.ok(widths[0]! < widths[3]!);
  assert.equal(fitGrid(0, { width: 500, height: 500 }).columns, 1);
});

Deno.test("fitGrid() fills any area with any number of tiles, and no more than that", () => {
  const size = fc.integer({ min: 200, max: 4000 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), size, size, (count, width, height) => {
      const shrunk = fitGrid(count, { width, height, shrink: true });
      const rows = Math.ceil(count / shrunk.columns);
      assert.ok(rows * (shrunk.tileHeight + 6) <= height + 6);
      for (const { columns, tileWidth } of [shrunk, fitGrid(count, { width, height })]) {
        assert.ok(columns * (tileWidth + 6) <= width + 6);
      }
    }),
    { seed: 5 },
  );
});

Deno.test("moveInGrid() moves by arrow keys, and stays at an edge", () => {
  const move = (index: number, key: string) => moveInGrid(index, { key, columns: 3, count: 8 });
  assert.deepEqual(
    [move(4, "ArrowLeft"), move(4, "ArrowRight"), move(4, "ArrowUp"), move(4, "ArrowDown")],
    [3, 5, 1, 7],
  );
  assert.deepEqual([move(0, "ArrowUp"), move(7, "ArrowDown"), move(5, "ArrowDown")], [0, 7, 5]);
  assert.equal(move(4, "a"), 4);
});

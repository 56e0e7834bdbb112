import assert from "node:assert/strict";
import { glyphOf } from "../../../src/frames/overlay_font.ts";

Deno.test("glyphOf() returns a distinct glyph of seven rows for each character", () => {
  const characters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:-+%/()? "];
  const glyphs = characters.map((character) => glyphOf(character));
  assert.equal(new Set(glyphs.map((rows) => rows.join())).size, characters.length);
  assert.ok(glyphs.every((rows) => rows.length === 7));
});

Deno.test("glyphOf() ignores case and replaces unknown characters by a question mark", () => {
  assert.deepEqual(glyphOf("a"), glyphOf("A"));
  assert.deepEqual(glyphOf("é"), glyphOf("?"));
});

Deno.test("glyphOf() has the dots of a letter and of a digit", () => {
  const pictureOf = (character: string) =>
    glyphOf(character).map((row) =>
      row.toString(2).padStart(5, "0").replaceAll("0", ".").replaceAll("1", "#")
    );
  assert.deepEqual(pictureOf("F"), ["#####", "#....", "#....", "####.", "#....", "#....", "#...."]);
  assert.deepEqual(pictureOf("4"), ["...#.", "..##.", ".#.#.", "#..#.", "#####", "...#.", "...#."]);
});

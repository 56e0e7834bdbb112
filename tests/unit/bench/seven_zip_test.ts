import assert from "node:assert/strict";
import { parseRating } from "../../bench/seven_zip.ts";

Deno.test("parseRating() reads the rating per CPU time of the last line", () => {
  const output = [
    "25:       2577    95   3107   2942  |      43337    99   3901   3857",
    "----------------------------------  | ------------------------------",
    "Avr:              70   3219   2232  |               79   3881   3079",
    "Tot:              74   3550   2655",
    "",
  ].join("\n");
  assert.equal(parseRating(output), 3550);
  assert.throws(() => parseRating("no benchmark"), /Cannot find the rating of 7-zip/);
});

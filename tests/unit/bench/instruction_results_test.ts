import assert from "node:assert/strict";
import {
  boardRows,
  checkRows,
  instructionRange,
  type InstructionResults,
  instructionRows,
  overestimate,
  readResults,
  RESULTS_FILE,
} from "../../bench/instruction_results.ts";
import { BOARDS } from "../../bench/board_estimates.ts";

const cost = (tree: number, machine: number) => ({ tree, machine, fps: 30 });
const each = <Value>(value: Value) => ({ mjpeg: value, yuyv: value, h264: value });

const RESULTS: InstructionResults = {
  x64: { cpu: "max", costs: each([cost(8e6, 9e6), cost(7e6, 7e6)]), rating: 1000 },
  arm64: { cpu: "cortex-a72", costs: each([cost(10e6, 12e6), cost(11e6, 11e6)]), rating: 1000 },
  native: { processor: "P", costs: each([1.5, 1, 3, 2.5]), rating: 4000 },
};

Deno.test("instructionRange() has the least of the server and the most of the machine", () => {
  assert.deepEqual(instructionRange(RESULTS, "x64", "mjpeg"), { min: 7e6, max: 9e6 });
  assert.deepEqual(instructionRows(RESULTS)[0], ["MJPEG camera", "10.0 to 12.0", "7.0 to 9.0"]);
  assert.throws(() => instructionRange({}, "x64", "mjpeg"), /not measured: costs of mjpeg on x64/);
});

Deno.test("overestimate() is the middle of the estimate by the median of the measured times", () => {
  // 7 to 9 million instructions at 4·10⁹ per second: 1.75 to 2.25 ms; measured 2 ms.
  assert.equal(overestimate(RESULTS, "mjpeg"), 1);
  assert.deepEqual(checkRows(RESULTS)[0], [
    "MJPEG camera",
    "2.00",
    "2.00 (1.00 to 3.00)",
    "1.00",
  ]);
});

Deno.test("boardRows() has the time of a frame and the share of a core for each board", () => {
  const rows = boardRows(RESULTS);
  assert.deepEqual(rows.map(([name]) => name), BOARDS.map(({ name }) => name));
  const orin = rows.find(([name]) => name === "Jetson Orin Nano")!;
  // 10 to 12 million instructions at 2.158·10⁹ per second.
  assert.equal(orin[2], "4.6 to 5.6 ms, 14 to 17 %");
});

Deno.test("boardRows() corrects the lower limit only if the check measured less than estimated", () => {
  const half = { ...RESULTS, native: { ...RESULTS.native!, costs: each([1]) } };
  const orin = boardRows(half).find(([name]) => name === "Jetson Orin Nano")!;
  assert.equal(orin[2], "2.3 to 5.6 ms, 7 to 17 %");
});

Deno.test("checkRows() and boardRows() leave out inputs that were not counted on x64", () => {
  const { h264: _, ...costs } = RESULTS.x64!.costs;
  const partial = { ...RESULTS, x64: { ...RESULTS.x64!, costs } };
  assert.deepEqual(checkRows(partial).map(([input]) => input), ["MJPEG camera", "YUYV camera"]);
  assert.equal(instructionRows(partial)[2]![2], "not counted");
  assert.deepEqual(boardRows(partial), boardRows(RESULTS));
});

Deno.test("PERFORMANCE.md has the tables of the results file", () => {
  const document = Deno.readTextFileSync(new URL("../../../docs/PERFORMANCE.md", import.meta.url));
  const rows = document.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const results = readResults(RESULTS_FILE);
  for (const row of [instructionRows, checkRows, boardRows].flatMap((make) => make(results))) {
    assert.ok(
      rows.some((cells) => cells.slice(1, -1).join("|") === row.join("|")),
      row.join(" | "),
    );
  }
});

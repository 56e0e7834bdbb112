import assert from "node:assert/strict";
import { column, parseTable } from "../../../src/validation/table.ts";
import { faceSamples } from "../../support/face_samples.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { runProgram } from "../../support/run_program.ts";
import { testWithShared } from "../../support/shared_data.ts";

const validate = (...args: string[]) => runProgram(["validate", ...args]);

/** A trace of a face whose pulse is 66 beats/min, with that rate beside it. */
async function writeTrace(folder: TemporaryFolder): Promise<string> {
  const rows = [...faceSamples({ pulse: () => 66, seconds: 30 })].map(({ timeUs, regions }) => {
    const { r, g, b } = regions.skin!;
    return [timeUs / 1e6, r, g, b, 66].join(",");
  });
  const path = folder.file("trace.csv");
  await Deno.writeTextFile(path, ["t_s,r,g,b,hr", ...rows].join("\n"));
  return path;
}

Deno.test("validate compares a trace with a rate of the same file, and writes both reports", async () => {
  using folder = new TemporaryFolder();
  const trace = await writeTrace(folder);
  const { status, stdout, stderr } = await validate(
    `--input_trace_path=${trace}`,
    "--reference_column=hr",
    `--json=${folder.file("report.json")}`,
    `--html=${folder.file("report.html")}`,
    "--max_mae=1",
    "--min_coverage=0.9",
  );
  assert.equal(status, 0, stderr);
  assert.match(stdout, /coverage +1/);
  const { pulse, breathing } = JSON.parse(await Deno.readTextFile(folder.file("report.json")));
  assert.ok(
    pulse.mae < 0.5 && pulse.within_3 === 1 && pulse.first_value_s < 8,
    JSON.stringify(pulse),
  );
  assert.ok(breathing.n === 0 && breathing.mae === null);
  const html = await Deno.readTextFile(folder.file("report.html"));
  assert.match(html, /Bland-Altman/);
  assert.match(html, /Reliability curve/);
  // Self-contained: nothing is fetched from anywhere.
  assert.doesNotMatch(html, /<script|<link|src=|https?:/);
});

Deno.test("validate exits with 1 for a missed limit, 64 for wrong usage, 78 for an invalid table", async () => {
  using folder = new TemporaryFolder();
  const trace = await writeTrace(folder);
  const input = `--input_trace_path=${trace}`;
  const [missed, nothing, unchecked, table] = await Promise.all([
    validate(input, "--reference_column=hr", "--max_mae=0.0001"),
    validate(),
    validate(input, "--max_mae=1"),
    validate(input, "--reference_column=no_such_column"),
  ]);
  assert.equal(missed.status, 1);
  assert.match(missed.stdout, /Limit missed: pulse: mean absolute error/);
  assert.equal(nothing.status, 64);
  assert.match(nothing.stderr, /Cannot validate without an input/);
  assert.equal(unchecked.status, 64);
  assert.match(unchecked.stderr, /Cannot check a limit without a reference/);
  assert.equal(table.status, 78);
  assert.match(table.stderr, /Cannot find the column no_such_column/);
});

Deno.test("validate --simulate uses the ground truth of the simulation", async () => {
  const { status, stdout, stderr } = await validate(
    "--simulate",
    "--simulate_pulse=110",
    "--duration=16",
    "--max_mae=1",
    "--min_coverage=0",
  );
  // Breathing has no value yet after 16 s: its limit is missed, the pulse's is not.
  assert.doesNotMatch(stdout, /Limit missed: pulse/, stderr);
  assert.ok(status === 0 || status === 1);
  assert.match(stdout, /pulse reference: ground truth of the simulation/);
});

testWithShared(
  "validate measures a recorded finger trace",
  ["data/traces/ppghou_0427_rgb_fingerppg_50hz.csv"],
  async ([trace]) => {
    const { status, stdout, stderr } = await validate(
      `--input_trace_path=${trace}`,
      "--reference_column=finger_ppg",
      "--max_mae=0.6",
      "--min_coverage=0.95",
    );
    assert.equal(status, 0, stdout + stderr);
    assert.ok(column(parseTable(await Deno.readTextFile(trace!)), "finger_ppg").length > 2000);
  },
);

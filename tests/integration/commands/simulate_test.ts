import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { correlation, meanRgb } from "../../support/region_mean.ts";
import { runProgram } from "../../support/run_program.ts";
import { takeFrames } from "../../support/source_suite.ts";

const FACE = [0.45, 0.3, 0.58, 0.52] as const;

/** The columns of a CSV file, by name. */
function columns(text: string): Record<string, string[]> {
  const [header, ...rows] = text.trimEnd().split("\n").map((line) => line.split(","));
  return Object.fromEntries(header!.map((name, i) => [name, rows.map((row) => row[i]!)]));
}

Deno.test("simulate writes a video whose pulse matches its truth file", async () => {
  using folder = new TemporaryFolder();
  const [output, truth] = [folder.file("clip.avi"), folder.file("clip.csv")];
  const answer = await runProgram([
    "simulate",
    `--output=${output}`,
    `--truth=${truth}`,
    "--duration=6",
    "--simulate_frame_drop=0.2",
    "--simulate_breathing=0",
  ]);
  assert.equal(answer.status, 0, answer.stderr);
  const { t_s, bvp } = columns(await Deno.readTextFile(truth));
  await using source = await openFfmpegSource({ input: output, realtime: false });
  const frames = await takeFrames(source, {
    count: Infinity,
    inspect: ({ timeUs, image }) => ({ timeUs, green: meanRgb(image, FACE)[1] }),
  });
  assert.ok(frames.length < 180 && frames.length > 110);
  assert.equal(frames.length, t_s!.length);
  for (const [i, { timeUs }] of frames.entries()) {
    const seconds = (timeUs - frames[0]!.timeUs) / 1e6 + Number(t_s![0]);
    assert.ok(Math.abs(seconds - Number(t_s![i])) < 1e-3, `frame ${i} at ${seconds}`);
  }
  const along = correlation(bvp!.map(Number), frames.map(({ green }) => green));
  assert.ok(along < -0.95, `correlation ${along}`);
});

Deno.test("simulate requires --output, and reports files that it cannot write", async () => {
  using folder = new TemporaryFolder();
  const without = await runProgram(["simulate"]);
  assert.equal(without.status, 64);
  assert.match(without.stderr, /--output/);
  for (const flag of ["output", "truth"]) {
    const path = folder.file("missing/clip.avi");
    const answer = await runProgram([
      "simulate",
      `--output=${folder.file("clip.avi")}`,
      `--${flag}=${path}`,
      "--duration=1",
    ]);
    assert.equal(answer.status, 69, answer.stderr);
    assert.match(answer.stderr, /missing\/clip\.avi: .*no such file or (folder|directory)/i);
  }
});

Deno.test("simulate follows a schedule of rates, and rejects one with decreasing times", async () => {
  using folder = new TemporaryFolder();
  const truth = folder.file("clip.csv");
  const simulate = (pulse: string) =>
    runProgram([
      "simulate",
      `--output=${folder.file("clip.avi")}`,
      `--truth=${truth}`,
      "--duration=4",
      "--capture_width_px=160",
      "--capture_height_px=120",
      `--simulate_pulse=${pulse}`,
    ]);
  assert.equal((await simulate("60,120@2")).status, 0);
  const { t_s, pulse_rate } = columns(await Deno.readTextFile(truth));
  for (const [i, time] of t_s!.entries()) {
    const rate = Number(time) < 2 ? 60 : 120;
    assert.ok(Math.abs(Number(pulse_rate![i]) - rate) < 0.1 * rate, `${pulse_rate![i]} at ${time}`);
  }
  const rejected = await simulate("60,70@3,80@2");
  assert.equal(rejected.status, 64);
  assert.match(rejected.stderr, /60,70@3,80@2/);
});

import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { UsageError } from "../../../src/base/errors.ts";
import { openInput, type ValidationInput } from "../../../src/validation/input.ts";
import { TableError } from "../../../src/validation/table.ts";
import type { RegionSample } from "../../../src/vision/region_sample.ts";
import { ffmpeg, TemporaryFolder } from "../../support/clips.ts";
import { HeldTimers } from "../../support/held_timers.ts";

function open(...argv: string[]): ValidationInput {
  return openInput(load(["validate", ...argv], { env: {}, readText: () => "" }).settings);
}

function message(...argv: string[]): string {
  try {
    open(...argv);
    return "";
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  }
}

/** The first `count` samples of an input; it is closed after them. */
async function take({ samples }: ValidationInput, count: number): Promise<RegionSample[]> {
  const taken: RegionSample[] = [];
  for await (const sample of samples) {
    taken.push(sample);
    if (taken.length === count) break;
  }
  return taken;
}

/** A folder with a trace that has a rate of its own, and a table of another rate. */
function traceFolder() {
  const folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("trace.csv"), "t_s,r,g,b,hr\n0,1,2,3,70\n1,4,5,6,72\n");
  Deno.writeTextFileSync(folder.file("rates.csv"), "t_s,hr\n0,90\n1,90\n");
  return folder;
}

Deno.test("openInput() requires exactly one input", () => {
  assert.match(message(), /^Cannot validate without an input: add --input_video_path/);
  const video = "--input_video_path=a.mp4";
  const trace = "--input_trace_path=a.csv";
  const together = (...names: string[]) => `Cannot validate ${names.join(" and ")} together`;
  assert.match(message(video, trace), RegExp(together("--input_trace_path", "--input_video_path")));
  assert.match(message(trace, "--simulate"), RegExp(together("--input_trace_path", "--simulate")));
  assert.match(message(video, "--simulate"), RegExp(together("--input_video_path", "--simulate")));
});

Deno.test("openInput() of a trace compares it with a column of its own", () => {
  using folder = traceFolder();
  const path = folder.file("trace.csv");
  const input = open(`--input_trace_path=${path}`, "--reference_column=hr:rate");
  assert.deepEqual([input.description, input.fromFirstSample], [`trace ${path}`, false]);
  assert.equal(input.references.pulse?.rateAt(1, 10), 71);
  assert.equal([...input.samples as Iterable<RegionSample>].length, 2);
});

Deno.test("openInput() of a trace compares it with a column of another file, or with nothing", () => {
  using folder = traceFolder();
  const trace = `--input_trace_path=${folder.file("trace.csv")}`;
  const reference = `--reference_path=${folder.file("rates.csv")}`;
  const { references } = open(trace, reference, "--reference_column=hr");
  assert.equal(references.pulse?.rateAt(1, 10), 90);
  assert.deepEqual(open(trace, reference).references, {});
});

Deno.test("openInput() of a trace names its ready signals", () => {
  using folder = traceFolder();
  const path = folder.file("trace.csv");
  const input = open(`--input_trace_path=${path}`, "--signals=hr,g");
  assert.equal(input.description, `trace ${path}, ready signals hr, g`);
  const [first] = input.samples as Iterable<RegionSample>;
  assert.deepEqual(first?.readySignals, [70, 2]);
});

Deno.test("openInput() throws if a table cannot be read", () => {
  assert.throws(
    () => open("--input_trace_path=/no/such.csv"),
    (error) => error instanceof TableError && /\/no\/such\.csv: no such file/.test(error.message),
  );
});

Deno.test("openInput() of a video needs the path and the column of a reference, or neither", () => {
  using folder = traceFolder();
  const video = "--input_video_path=a.mp4";
  const path = `--reference_path=${folder.file("rates.csv")}`;
  assert.match(message(video, path), /^Cannot use one of --reference_path and --reference_column/);
  assert.match(message(video, "--reference_column=hr"), /alone: set both/);
  const { references, description, fromFirstSample } = open(video, path, "--reference_column=hr");
  assert.equal(references.pulse?.rateAt(1, 10), 90);
  assert.deepEqual([description, fromFirstSample], ["video a.mp4", true]);
  assert.deepEqual(open(video).references, {});
});

Deno.test("openInput() of a video measures each frame, at the times of a file if one is named", async () => {
  using folder = new TemporaryFolder();
  const [path, times] = [folder.file("video.avi"), folder.file("times.txt")];
  await ffmpeg("-f", "lavfi", "-i", "color=gray:s=64x48:r=10:d=0.2", "-c:v", "mjpeg", path);
  Deno.writeTextFileSync(times, "1000\n8500\n");
  // At full speed: no timer elapses.
  using _timers = new HeldTimers();
  const video = `--input_video_path=${path}`;
  const intervals: [string[], number][] = [
    [[video], 100_000],
    [[video, `--input_video_time_path=${times}`], 7_500_000],
  ];
  for (const [argv, intervalUs] of intervals) {
    const [first, second, ...others] = await take(open(...argv), 3);
    assert.deepEqual([second!.timeUs - first!.timeUs, others], [intervalUs, []]);
    assert.ok(Math.abs(first!.brightness - 128) < 5, `${first!.brightness}`);
  }
});

Deno.test("openInput() of a simulation has its truth as the reference, from the first sample", async () => {
  const input = open("--simulate", "--simulate_pulse=96", "--simulate_breathing=21");
  assert.match(
    input.description,
    /^simulated camera: person, pulse 96, breathing 21, noise 1, motion 0, light 0, frame drop 0, seed/,
  );
  assert.equal(input.fromFirstSample, true);
  assert.equal(input.references.pulse?.rateAt(0, 10), undefined, "nothing is simulated yet");
  const samples = await take(input, 3);
  assert.deepEqual(samples.map(({ sequence }) => sequence), [0, 1, 2]);
  const { pulse, breathing } = input.references;
  assert.ok(Math.abs(pulse!.rateAt(0.1, 10)! - 96) < 5, `${pulse!.rateAt(0.1, 10)}`);
  assert.ok(Math.abs(breathing!.rateAt(0.1, 10)! - 21) < 2, `${breathing!.rateAt(0.1, 10)}`);
  assert.equal(pulse!.description, "ground truth of the simulation");
});

Deno.test("openInput() of a simulation runs at full speed for the duration", async () => {
  const size = ["--capture_width_px=320", "--capture_height_px=240", "--max_fps=5"];
  // No timer elapses.
  using _timers = new HeldTimers();
  const samples = await take(open("--simulate", "--duration=5", ...size), 100);
  assert.equal(samples.length, 25);
});

Deno.test("openInput() of a simulation has a reference for each rate that its scene has", () => {
  const vitals = (...argv: string[]) => Object.keys(open("--simulate", ...argv).references);
  assert.deepEqual(vitals(), ["pulse", "breathing"]);
  assert.deepEqual(vitals("--simulate_scene=two_faces"), ["pulse", "breathing"]);
  for (const scene of ["photo", "empty", "flicker", "dark"]) {
    assert.deepEqual(vitals(`--simulate_scene=${scene}`), [], scene);
  }
  assert.deepEqual(vitals("--simulate_pulse=0"), ["breathing"]);
  assert.deepEqual(vitals("--simulate_breathing=0"), ["pulse"]);
  assert.match(message("--simulate", "--reference_path=a.csv"), /the simulation has its own/);
});

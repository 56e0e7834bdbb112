import assert from "node:assert/strict";
import { column, parseTable } from "../../../src/validation/table.ts";
import { type FaceOptions, faceSamples } from "../../support/face_samples.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { runProgram } from "../../support/run_program.ts";
import { ChromiumPage, hasChromium } from "../../support/chromium.ts";
import { waitFor } from "../../support/wait.ts";
import { testWithShared } from "../../support/shared_data.ts";

const validate = (...args: string[]) => runProgram(["validate", ...args]);

/** A trace of a face with a pulse, by default 66 beats/min, with that rate beside it. */
async function writeTrace(
  folder: TemporaryFolder,
  { name = "trace.csv", ...face }: FaceOptions & { name?: string } = {},
): Promise<string> {
  const options = { pulse: () => 66, seconds: 30, ...face };
  const rows = [...faceSamples(options)].map(({ timeUs, regions }) => {
    const { r, g, b } = regions.skin!;
    return [timeUs / 1e6, r, g, b, options.pulse(timeUs / 1e6)].join(",");
  });
  const path = folder.file(name);
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

/** Writes a study of two subjects in three recordings, with one more that is excluded. */
async function writeStudy(folder: TemporaryFolder): Promise<string> {
  await Promise.all([
    writeTrace(folder, { name: "a.csv", pulse: () => 62, seed: 1 }),
    writeTrace(folder, { name: "b.csv", pulse: () => 84, seed: 2 }),
    writeTrace(folder, { name: "c.csv", pulse: () => 100, seed: 3, noise: 2 }),
  ]);
  const manifest = folder.file("study.csv");
  await Deno.writeTextFile(
    manifest,
    "recording,subject,trace,reference_column,skin_tone,light,exclude\n" +
      "morning,p1,a.csv,hr,VI,day,\nevening,p1,b.csv,hr,VI,lamp,\n" +
      "noisy,p2,c.csv,hr,II,lamp,\nlost,p3,d.csv,hr,II,day,the camera fell over\n",
  );
  return manifest;
}

Deno.test("validate --manifest reports a study of several recordings by stratum", async () => {
  using folder = new TemporaryFolder();
  const { status, stdout, stderr } = await validate(
    `--manifest=${await writeStudy(folder)}`,
    "--reference_device=Oxi 3000",
    "--reference_range=70-240",
    `--json=${folder.file("report.json")}`,
  );
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^4 recordings of .*study\.csv: \d+\.\d s, 2700 frames$/m);
  assert.match(stdout, /^reference device: Oxi 3000, measuring range 70 to 240 beats\/min$/m);
  assert.match(stdout, /^Excluded: lost: the camera fell over$/m);
  // 62 beats/min are below the range of the reference device.
  assert.match(stdout, /^Excluded: morning: \d+ of \d+ windows: pulse outside the range/m);
  assert.match(stdout, /^light: lamp +\d+/m);
  const report = JSON.parse(await Deno.readTextFile(folder.file("report.json")));
  const strata = report.strata.map((
    { name, value, recordings, subjects, pulse }: Record<string, unknown> & {
      pulse: { n: number };
    },
  ) => [name, value, recordings, subjects, pulse.n > 0]);
  assert.deepEqual(strata, [
    ["skin_tone", "VI", 2, 1, true],
    ["skin_tone", "II", 1, 1, true],
    ["light", "day", 1, 1, false],
    ["light", "lamp", 2, 2, true],
  ]);
  assert.ok(report.pulse.n > 20 && report.pulse.mae < 1, JSON.stringify(report.pulse));
  assert.match(report.command, /^physiology_server validate --manifest=.* '--reference_device=Oxi/);
});

Deno.test("validate exits with 78 for a manifest that names a missing file, before it measures", async () => {
  using folder = new TemporaryFolder();
  const manifest = await writeStudy(folder);
  await Deno.remove(folder.file("c.csv"));
  const { status, stderr, stdout } = await validate(`--manifest=${manifest}`);
  assert.equal(status, 78);
  assert.match(stderr, /Cannot use row 3 of .*study\.csv: Cannot read .*c\.csv: no such file/);
  assert.equal(stdout, "");
});

Deno.test("validate prints the vitals of a clip without a reference in three lines", async () => {
  using folder = new TemporaryFolder();
  const { status, stdout, stderr } = await validate(
    `--input_trace_path=${await writeTrace(folder)}`,
  );
  assert.equal(status, 0, stderr);
  const [input, pulse, breathing, ...rest] = stdout.trimEnd().split("\n");
  assert.match(input!, /^trace .*trace\.csv: 30\.0 s, 900 frames, /);
  assert.match(pulse!, /^pulse: 6[56]\.\d beats\/min, 6\d\.\d to 6\d\.\d, published in \d+ of \d+/);
  assert.match(
    breathing!,
    /^breathing: no value, published in 0 of \d+ windows, withheld: no_chest/,
  );
  assert.deepEqual(rest, []);
});

Deno.test("validate --simulate reports the response time to steps of the pulse", async () => {
  const { status, stdout, stderr } = await validate(
    "--simulate",
    "--simulate_pulse=80,120@14,80@28",
    "--duration=30",
    "--capture_width_px=320",
    "--capture_height_px=240",
    "--max_fps=15",
  );
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    /^Response time of the heart rate meter to a change in heart rate, s \(IEC/m,
  );
  assert.match(stdout, /^80 to 120 +\d+\.\d +\d+\.\d +\d+\.\d$/m);
  // Two seconds are too short for the second step.
  assert.match(stdout, /^120 to 80, 1 of 1 not reached +- +- +\d+\.\d$/m);
});

Deno.test({
  name: "validate writes a page with plots of equal size, on a wide and a narrow screen and paper",
  ignore: !hasChromium(),
  async fn() {
    using folder = new TemporaryFolder();
    const path = folder.file("report.html");
    const { status, stderr } = await validate(
      `--manifest=${await writeStudy(folder)}`,
      `--html=${path}`,
    );
    assert.equal(status, 0, stderr);
    for (const width of [1280, 390]) {
      await using page = await ChromiumPage.open({ width });
      await page.goto(`file://${path}`);
      await waitFor("four plots", () =>
        page.evaluate<boolean>(
          "document.readyState === 'complete' && document.querySelectorAll('svg').length === 4",
        ));
      const layout = () =>
        page.evaluate<{ sizes: string[]; overflow: number; clipped: string[] }>(`(() => {
          const plots = [...document.querySelectorAll("svg")];
          const box = (element) => element.getBoundingClientRect();
          return {
            sizes: [...new Set(plots.map((svg) =>
              Math.round(box(svg).width) + " x " + Math.round(box(svg).height)))],
            overflow: document.documentElement.scrollWidth - innerWidth,
            clipped: plots.flatMap((svg) => [...svg.querySelectorAll("text")]
              .filter((text) => box(text).left < box(svg).left - 1 ||
                box(text).right > box(svg).right + 1 || box(text).top < box(svg).top - 1 ||
                box(text).bottom > box(svg).bottom + 1)
              .map((text) => text.textContent)),
          };
        })()`);
      const { sizes, overflow, clipped } = await layout();
      assert.deepEqual([sizes.length, overflow <= 0, clipped], [1, true, []], `${sizes}`);
      // A click selects the whole summary, to copy it.
      const { x, y } = await page.evaluate<{ x: number; y: number }>(`(() => {
        const summary = document.querySelector("pre.copy");
        summary.scrollIntoView({ block: "center" });
        const { left, top } = summary.getBoundingClientRect();
        return { x: left + 60, y: top + 25 };
      })()`);
      for (const type of ["mousePressed", "mouseReleased"]) {
        await page.send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
      }
      const selected = await page.evaluate<string>("getSelection().toString()");
      assert.match(
        selected,
        /^physiology_server .*\nPulse: Arms .*light lamp: pulse Arms [^\n]+$/s,
      );
      await page.send("Emulation.setEmulatedMedia", { media: "print" });
      const paper = await layout();
      assert.deepEqual([paper.sizes.length, paper.clipped], [1, []], `${paper.sizes}`);
      assert.equal(
        await page.evaluate("getComputedStyle(document.querySelector('.hint')).display"),
        "none",
      );
      assert.deepEqual([page.errors, page.requests.length], [[], 1]);
    }
  },
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

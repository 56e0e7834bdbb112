import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { readManifest } from "../../../src/validation/manifest.ts";
import { openStudy } from "../../../src/validation/open_study.ts";
import { TableError } from "../../../src/validation/table.ts";
import { UsageError } from "../../../src/base/errors.ts";
import type { RegionSample } from "../../../src/vision/region_sample.ts";
import { TemporaryFolder } from "../../support/clips.ts";

const settingsOf = (...argv: string[]) =>
  load(["validate", ...argv], { env: {}, readText: () => "" }).settings;

/** A folder with a trace of 3 s, and with a table of rates. */
function studyFolder() {
  const folder = new TemporaryFolder();
  const rows = [0, 1, 2, 3].map((second) => `${second},1,2,3,0.5,70`);
  Deno.writeTextFileSync(folder.file("trace.csv"), ["t_s,r,g,b,pos,hr", ...rows].join("\n"));
  Deno.writeTextFileSync(folder.file("rates.csv"), "t_s,rate\n0,90\n3,92\n");
  Deno.writeTextFileSync(folder.file("clip.avi"), "");
  return folder;
}

function read(folder: TemporaryFolder, text: string, ...argv: string[]) {
  Deno.writeTextFileSync(folder.file("study.csv"), text);
  return readManifest(folder.file("study.csv"), settingsOf(...argv));
}

Deno.test("readManifest() has a recording for each row, with the other columns as strata", () => {
  using folder = studyFolder();
  const { description, recordings, exclusions } = read(
    folder,
    "recording,subject,trace,reference_column,skin tone,light\n" +
      'first,p1,trace.csv,hr,VI,"day, window"\n' +
      ",p2,trace.csv,hr,,lamp\n",
  );
  assert.equal(description, `2 recordings of ${folder.file("study.csv")}`);
  assert.deepEqual(
    recordings.map(({ name, subject, strata, device }) => ({ name, subject, strata, device })),
    [
      {
        name: "first",
        subject: "p1",
        strata: { "skin tone": "VI", light: "day, window" },
        device: {},
      },
      { name: "trace.csv", subject: "p2", strata: { light: "lamp" }, device: {} },
    ],
  );
  assert.deepEqual(exclusions, []);
  const input = recordings[0]!.open();
  assert.deepEqual([input.fromFirstSample, input.durationS], [false, 3]);
  assert.equal(input.references.pulse?.rateAt(3, 10), 70);
});

Deno.test("readManifest() resolves paths from the folder of the manifest", () => {
  using folder = studyFolder();
  const { recordings } = read(
    folder,
    "subject,video,reference,reference_column\n" +
      `p1,clip.avi,rates.csv,rate\np2,${folder.file("clip.avi")},,\n`,
    // Of no use for a video without a reference.
    "--reference_column=rate",
  );
  const [first, second] = recordings.map(({ open }) => open());
  assert.equal(first!.description, `video ${folder.file("clip.avi")}`);
  assert.equal(first!.references.pulse?.rateAt(3, 10), 91);
  assert.deepEqual([second!.references, second!.fromFirstSample], [{}, true]);
});

Deno.test("readManifest() reads ready signals, and takes defaults from the flags", () => {
  using folder = studyFolder();
  const { recordings } = read(
    folder,
    'subject,trace,signals,reference_device,reference_range\np1,trace.csv,"pos,g",,\n' +
      "p2,trace.csv,,Holter,20-300\n",
    "--signals=pos",
    "--reference_column=hr",
    "--reference_device=Oxi",
    "--reference_range=30-240",
  );
  const firstOf = (k: number) => [...recordings[k]!.open().samples as Iterable<RegionSample>][0];
  assert.deepEqual([firstOf(0)?.readySignals, firstOf(1)?.readySignals], [[0.5, 2], [0.5]]);
  assert.deepEqual(recordings.map(({ device }) => device), [
    { name: "Oxi", range: [30, 240] },
    { name: "Holter", range: [20, 300] },
  ]);
  assert.equal(recordings[1]!.open().references.pulse?.rateAt(3, 10), 70);
});

Deno.test("readManifest() selects a part of a trace, whose times stay those of the reference", async () => {
  using folder = studyFolder();
  const { recordings } = read(
    folder,
    "subject,trace,start_s,end_s\np1,trace.csv,1,3\np2,trace.csv,,1\np3,trace.csv,2,\n",
  );
  const times = async (k: number) => {
    const seconds: number[] = [];
    for await (const { timeUs } of recordings[k]!.open().samples) seconds.push(timeUs / 1e6);
    return seconds;
  };
  assert.deepEqual([await times(0), await times(1), await times(2)], [[1, 2], [0], [2, 3]]);
});

Deno.test("readManifest() lists excluded rows with their reason, and does not open their files", () => {
  using folder = studyFolder();
  const { recordings, exclusions, description } = read(
    folder,
    "subject,trace,exclude\np1,trace.csv,\np2,lost.csv,camera fell over\np3,,no consent\n",
  );
  assert.deepEqual([recordings.length, description.split(" ")[0]], [1, "3"]);
  assert.deepEqual(exclusions, [
    { recording: "lost.csv", reason: "camera fell over" },
    { recording: "row 3", reason: "no consent" },
  ]);
});

Deno.test("readManifest() reports a row that cannot be used before anything is measured", () => {
  using folder = studyFolder();
  const message = (text: string) => {
    try {
      read(folder, text);
      return "";
    } catch (error) {
      assert.ok(error instanceof TableError, String(error));
      return error.message;
    }
  };
  const manifest = folder.file("study.csv");
  const row = (number: number) => `Cannot use row ${number} of ${manifest}: `;
  assert.equal(
    message("subject,trace\np1,trace.csv\np2,lost.csv\n"),
    `${row(2)}Cannot read ${folder.file("lost.csv")}: no such file or directory`,
  );
  assert.equal(
    message("subject,video\np1,lost.avi\n"),
    `${row(1)}Cannot read ${folder.file("lost.avi")}: no such file or directory`,
  );
  assert.equal(message("subject,trace\n,trace.csv\n"), `${row(1)}it must name a subject`);
  assert.match(message("subject,video,trace\np1,,\n"), /row 1 of .*Cannot validate without an/);
  assert.match(message("subject,video,trace\np1,clip.avi,trace.csv\n"), /choose one input/);
  assert.match(
    message("subject,trace,reference_column\np1,trace.csv,nothing\n"),
    /row 1 of .*Cannot find the column nothing/,
  );
  assert.match(
    message("subject,trace,reference_range\np1,trace.csv,fast\n"),
    /must be a range of rates, such as 30-240: current value is fast$/,
  );
  for (const part of ["3,1", "x,1", "1,1"]) {
    assert.match(
      message(`subject,trace,start_s,end_s\np1,trace.csv,${part}\n`),
      /start_s and end_s must be increasing times of a trace: current values are/,
    );
  }
  assert.match(message("subject,video,start_s\np1,clip.avi,1\n"), /of a trace/);
  assert.match(message("subject,trace\np1\n"), /row 1 has 1 cells, the header line has 2$/);
  assert.match(message("trace,light\na,b\n"), /must name subject, and video or trace: current va/);
  assert.match(message("subject,light\na,b\n"), /as a manifest: the header line must name/);
  assert.match(message(""), /as a manifest/);
  assert.match(message("subject,trace,exclude\np1,trace.csv,no\n"), /a recording that is not excl/);
});

Deno.test("openStudy() refuses a manifest together with another input", () => {
  using folder = studyFolder();
  const manifest = `--manifest=${folder.file("study.csv")}`;
  const others = [
    "--input_trace_path=a",
    "--input_video_path=b",
    "--simulate",
    "--reference_path=c",
  ];
  for (const other of others) {
    assert.throws(
      () => openStudy(settingsOf(manifest, other)),
      (error) =>
        error instanceof UsageError &&
        error.message.startsWith(`Cannot use --manifest with ${other.split("=")[0]}: `),
    );
  }
  assert.throws(() => openStudy(settingsOf("--manifest=/no/such.csv")), {
    message: "Cannot read /no/such.csv: no such file or directory",
  });
});

Deno.test("openStudy() of one input has one recording, with the device of the flags", () => {
  using folder = studyFolder();
  const trace = `--input_trace_path=${folder.file("trace.csv")}`;
  const study = openStudy(settingsOf(trace, "--reference_device=Oxi", "--reference_range=30-240"));
  const [{ name, device, strata }] = study.recordings as [typeof study.recordings[0]];
  assert.deepEqual([study.description, study.exclusions], [name, []]);
  assert.deepEqual({ device, strata }, { device: { name: "Oxi", range: [30, 240] }, strata: {} });
  const camera = openStudy(settingsOf("--input_video_path=rtsp://user:secret@camera/1"));
  assert.equal(camera.description, "video rtsp://***@camera/1");
  assert.equal("device" in openStudy(settingsOf("--simulate")).recordings[0]!, false);
});

Deno.test("openStudy() of a simulation has the steps of its pulse", () => {
  const stepsOf = (...argv: string[]) =>
    openStudy(settingsOf("--simulate", ...argv)).recordings[0]!.open().steps;
  assert.deepEqual(stepsOf("--simulate_pulse=80,120@30,80@50,0@55,90@58,40@60"), [
    { from: 80, to: 120, atS: 30 },
    { from: 120, to: 80, atS: 50 },
  ]);
  assert.deepEqual(stepsOf("--simulate_pulse=80,120@30", "--duration=30"), []);
  assert.deepEqual(stepsOf("--simulate_pulse=80,80@30,90@40"), [{ from: 80, to: 90, atS: 40 }]);
  assert.deepEqual(stepsOf("--simulate_pulse=80,120@30", "--simulate_scene=photo"), []);
});

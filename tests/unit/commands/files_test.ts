import assert from "node:assert/strict";
import { UnavailableError, UsageError } from "../../../src/base/errors.ts";
import { run as saveDefaultConfig } from "../../../src/commands/save_default_config.ts";
import { run as simulate } from "../../../src/commands/simulate.ts";
import { run as validate } from "../../../src/commands/validate.ts";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import { column, parseTable } from "../../../src/validation/table.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { commandContext } from "../../support/command_context.ts";
import { faceSamples } from "../../support/face_samples.ts";
import { FakeSignals } from "../../support/fake_signals.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { replaced } from "../../support/replace.ts";

/** A temporary folder that is the current one until it is disposed. */
function currentFolder(): Disposable & { readonly path: string } {
  const before = Deno.cwd();
  const folder = new TemporaryFolder();
  Deno.chdir(folder.path);
  return {
    path: folder.path,
    [Symbol.dispose]() {
      Deno.chdir(before);
      folder[Symbol.dispose]();
    },
  };
}

const namesIn = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

Deno.test("save-default-config writes the selected files for this user alone", async () => {
  using folder = currentFolder();
  const context = commandContext([
    "--save_default_redis_ipc_config",
    "--save_default_file_ipc_config",
  ]);
  assert.equal(await saveDefaultConfig(context), 0);
  const names = ["default_file_ipc_config.json", "default_redis_ipc_config.json"];
  assert.deepEqual([...context.printed].sort(), names.map((name) => `Wrote ${name}`));
  assert.deepEqual(namesIn(folder.path), names);
  for (const name of names) {
    assert.equal(Deno.statSync(name).mode! & 0o777, 0o600);
    JSON.parse(Deno.readTextFileSync(name));
  }
});

Deno.test("save-default-config keeps a file that was changed, and no copy of one that was not", async () => {
  using folder = currentFolder();
  const name = "default_redis_ipc_config.json";
  const save = () => saveDefaultConfig(commandContext(["--save_default_redis_ipc_config"]));
  await save();
  await save();
  assert.deepEqual(namesIn(folder.path), [name]);
  Deno.writeTextFileSync(name, "mine");
  await save();
  assert.deepEqual(namesIn(folder.path), [name, `${name}.old`]);
  assert.equal(Deno.readTextFileSync(`${name}.old`), "mine");
});

Deno.test("save-default-config keeps every file that it replaces, and prints the name of the copy", async () => {
  using folder = currentFolder();
  const name = "default_redis_ipc_config.json";
  const copies = [`${name}.old`, `${name}.old.2`, `${name}.old.3`];
  for (const [index, copy] of copies.entries()) {
    Deno.writeTextFileSync(name, `version ${index}`);
    const context = commandContext(["--save_default_redis_ipc_config"]);
    await saveDefaultConfig(context);
    assert.deepEqual(context.printed, [`Wrote ${name}; the file before is ${copy}`]);
  }
  assert.deepEqual(namesIn(folder.path), [name, ...copies]);
  for (const [index, copy] of copies.entries()) {
    assert.equal(Deno.readTextFileSync(copy), `version ${index}`);
  }
});

Deno.test("save-default-config names the file and the folder that it cannot write", async () => {
  using folder = currentFolder();
  const context = commandContext(["--save_default_redis_ipc_config"]);
  const isError = (reason: string) => (error: unknown) =>
    error instanceof UnavailableError &&
    error.message ===
      `Cannot write default_redis_ipc_config.json into ${folder.path}: ${reason}`;
  const denied = () => {
    throw new Deno.errors.PermissionDenied();
  };
  {
    using _write = replaced(Deno, "writeTextFileSync", denied);
    await assert.rejects(
      async () => await saveDefaultConfig(context),
      isError("permission denied"),
    );
  }
  Deno.mkdirSync("default_redis_ipc_config.json");
  await assert.rejects(async () => await saveDefaultConfig(context), isError("it is a directory"));
});

Deno.test("save-default-config requires a file", async () => {
  using folder = currentFolder();
  for (const argv of [["save-default-config"], ["--nosave_default_redis_ipc_config"]]) {
    const context = { ...commandContext(["save-default-config"]), argv };
    await assert.rejects(async () => await saveDefaultConfig(context), UsageError);
  }
  assert.deepEqual(namesIn(folder.path), []);
});

/** A trace of a face with a pulse of 66/min, and that rate beside it. */
function writeTrace(folder: TemporaryFolder): string {
  const rows = [...faceSamples({ pulse: () => 66, seconds: 14 })].map(({ timeUs, regions }) => {
    const { r, g, b } = regions.skin!;
    return [timeUs / 1e6, r, g, b, 66].join(",");
  });
  const path = folder.file("trace.csv");
  Deno.writeTextFileSync(path, ["t_s,r,g,b,hr", ...rows].join("\n"));
  return path;
}

Deno.test("validate prints the report, and writes it to files only if they are named", async () => {
  using folder = new TemporaryFolder();
  const argv = ["validate", `--input_trace_path=${writeTrace(folder)}`, "--reference_column=hr"];
  const context = commandContext(argv);
  assert.equal(await validate(context), 0);
  assert.match(context.printed.join(), /pulse reference: column hr/);
  assert.deepEqual(namesIn(folder.path), ["trace.csv"]);
  const [json, html] = [folder.file("r.json"), folder.file("r.html")];
  assert.equal(await validate(commandContext([...argv, `--json=${json}`, `--html=${html}`])), 0);
  assert.equal(JSON.parse(Deno.readTextFileSync(json)).settings.window, 10);
  assert.match(Deno.readTextFileSync(html), /^<!doctype html>/);
});

Deno.test("validate returns 1 for a missed limit, and throws if it cannot write a report", async () => {
  using folder = new TemporaryFolder();
  const argv = ["validate", `--input_trace_path=${writeTrace(folder)}`, "--reference_column=hr"];
  assert.equal(await validate(commandContext([...argv, "--max_mae=0.00001"])), 1);
  await assert.rejects(
    validate(commandContext([...argv, "--json=/no/such/r.json"])),
    (error) =>
      error instanceof UnavailableError &&
      error.message === "Cannot write /no/such/r.json: no such file or directory",
  );
});

const SIZE = ["--capture_width_px=64", "--capture_height_px=64", "--max_fps=5"];

Deno.test("simulate writes a video at full speed, and the truth of each frame", async () => {
  using folder = new TemporaryFolder();
  using _signals = new FakeSignals();
  const [video, truth] = [folder.file("clip.avi"), folder.file("truth.csv")];
  const argv = [`--output=${video}`, `--truth=${truth}`, "--duration=5"];
  const context = commandContext(["simulate", ...argv, ...SIZE]);
  {
    // No timer elapses.
    using _timers = new HeldTimers();
    assert.equal(await simulate(context), 0);
  }
  assert.deepEqual(context.printed, [`Wrote 25 frames to ${video} and the truth to ${truth}`]);
  const table = parseTable(Deno.readTextFileSync(truth).replaceAll(/,[^,]*,[^,]*$/gm, ""));
  assert.equal(column(table, "t_s").length, 25);
  assert.doesNotMatch(Deno.readTextFileSync(truth), /timestamp/);
  await using source = await openFfmpegSource({ input: video, realtime: false });
  const timesUs: number[] = [];
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    timesUs.push(event.frame.timeUs);
    event.frame[Symbol.dispose]();
  }
  assert.deepEqual(
    timesUs.map((timeUs) => timeUs - timesUs[0]!),
    Array.from({ length: 25 }, (_, k) => 200_000 * k),
  );
});

Deno.test("simulate ends the video when it is stopped, and removes its signal handlers", async () => {
  using folder = new TemporaryFolder();
  using signals = new FakeSignals();
  const video = folder.file("clip.avi");
  const context = commandContext(["simulate", `--output=${video}`, "--duration=86400", ...SIZE]);
  const running = simulate(context);
  signals.send("SIGTERM");
  assert.equal(await running, 0);
  assert.deepEqual(context.printed, [`Wrote 1 frames to ${video}`]);
  assert.ok(Deno.statSync(video).size > 0);
  assert.deepEqual(signals.handled, []);
});

Deno.test("simulate requires a file to write", async () => {
  await assert.rejects(simulate(commandContext(["simulate"])), UsageError);
});

Deno.test("simulate throws if the video cannot be written", async () => {
  using signals = new FakeSignals();
  const running = simulate(commandContext(["simulate", "--output=/no/such/clip.avi", ...SIZE]));
  // One frame fits into the pipe, so that only the end shows the fault.
  signals.send("SIGTERM");
  await assert.rejects(running, UnavailableError);
  assert.deepEqual(signals.handled, []);
});

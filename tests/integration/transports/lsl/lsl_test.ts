import assert from "node:assert/strict";
import { load } from "../../../../src/app/flags.ts";
import { permissionsFor } from "../../../../src/app/permissions.ts";
import { assetsFolder } from "../../../../src/base/assets.ts";
import { permissionFlags } from "../../../../src/config/permissions.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { Program } from "../../../support/program.ts";
import { waitFor } from "../../../support/wait.ts";

/** The tests use a stand-in with the interface of liblsl, which no Debian package contains. */
const STAND_IN = new URL("../../../support/lsl_stand_in.c", import.meta.url).pathname;
const MAIN = new URL("../../../../main.ts", import.meta.url).pathname;

interface Sample {
  readonly now: number;
  readonly time: number;
  readonly values: readonly (number | string)[];
}

interface Line extends Partial<Sample> {
  readonly loaded?: true;
  readonly stream?: string;
  readonly type?: string;
  readonly channels?: number;
  readonly rate?: number;
  readonly format?: number;
  readonly source?: string;
  readonly element?: string;
  readonly value?: string;
  readonly closed?: string;
  readonly sample?: string;
}

/** Builds the stand-in below a name, and returns its path. */
function buildStandIn(folder: string, name = "liblsl.so.2", ...flags: string[]): string {
  const path = `${folder}/${name}`;
  const args = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", ...flags, "-o", path, STAND_IN];
  const { success, stderr } = new Deno.Command("gcc", { args }).outputSync();
  assert.ok(success, new TextDecoder().decode(stderr));
  return path;
}

/** What the stand-in has logged, line by line; a line that is being written is left out. */
function linesOf(path: string): Line[] {
  let text = "";
  try {
    text = Deno.readTextFileSync(path);
  } catch {
    return [];
  }
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

const samplesOf = (lines: readonly Line[], stream: string) =>
  lines.filter(({ sample }) => sample === stream) as readonly Sample[];

const pathsOf = (paths: true | readonly string[]) => paths === true ? [] : paths;

/** Runs a command of the program to its end. */
async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly output: string }> {
  await using program = new Program(Deno.execPath(), ["run", "-A", "-q", MAIN, ...args], { env });
  return { code: await program.ended(), output: program.output };
}

Deno.test("lsl sends streams that describe themselves, with the capture time of each sample", async () => {
  using folder = temporaryFolder();
  const library = buildStandIn(folder.path);
  const log = `${folder.path}/log.jsonl`;
  const argv = [
    "serve",
    "--simulate",
    "--streaming_backend=file",
    `--file_base_directory=${folder.path}/out`,
    "--port=0",
    "--lsl",
    `--lsl_library=${library}`,
    "--lsl_name=bed 7",
    "--start_with_recording_on",
  ];
  const { settings } = load(argv, { env: {}, readText: () => "" });
  // The permissions of the compiled executable, and the sources.
  const granted = permissionsFor("serve", settings, { assets: assetsFolder(), env: {} })!;
  const flags = permissionFlags({ ...granted, read: [Deno.cwd(), ...pathsOf(granted.read)] });
  await using server = new Program(
    Deno.execPath(),
    ["run", "-q", ...flags, MAIN, ...argv],
    { env: { LSL_STAND_IN_LOG: log } },
  );
  await server.prints('Sending streams of Lab Streaming Layer liblsl=117 name="bed 7"');
  await waitFor(
    "a pulse",
    () => samplesOf(linesOf(log), "bed 7 Vitals").some(({ values }) => values[0] !== "NaN"),
    { timeoutMs: 40_000 },
  );
  server.kill("SIGTERM");
  assert.equal(await server.ended(), 0, server.output);
  const lines = linesOf(log);

  const streams = lines.filter(({ stream }) => stream !== undefined);
  assert.deepEqual(
    streams.map((each) => [each.stream, each.type, each.channels, each.rate, each.format]),
    [
      ["bed 7 PPG", "PPG", 1, 0, 1],
      ["bed 7 RESP", "RESP", 1, 0, 1],
      ["bed 7 Vitals", "VITALS", 4, 0, 1],
      ["bed 7 Markers", "Markers", 1, 0, 3],
    ],
  );
  assert.equal(new Set(streams.map(({ source }) => source)).size, 4);
  const valuesAt = (path: string) =>
    lines.filter(({ element }) => element === path).map(({ value }) => value);
  assert.deepEqual(valuesAt("bed 7 Vitals/channels/channel/label"), [
    "pulse",
    "pulse_confidence",
    "breathing",
    "breathing_confidence",
  ]);
  assert.deepEqual(valuesAt("bed 7 PPG/acquisition/manufacturer"), ["physiology_server"]);
  assert.match(valuesAt("bed 7 Vitals/semantics/missing").join(), /^NaN: the value is withheld/);

  const ppg = samplesOf(lines, "bed 7 PPG");
  assert.ok(ppg.length > 30, `${ppg.length} samples`);
  for (const [k, { time, now, values }] of ppg.entries()) {
    const age = now - time;
    assert.ok(age > -0.002 && age < 10, `sample ${k} is ${age} s old`);
    if (k > 0) assert.ok(time > ppg[k - 1]!.time, `sample ${k} is at ${time}`);
    assert.equal(typeof values[0], "number");
  }
  const vitals = samplesOf(lines, "bed 7 Vitals");
  assert.deepEqual(vitals[0]!.values, ["NaN", "NaN", "NaN", "NaN"]);
  const pulse = vitals.map(({ values }) => values[0]).find((value) => value !== "NaN");
  assert.ok(Math.abs(Number(pulse) - 72) < 5, `${pulse}`);
  const markers = samplesOf(lines, "bed 7 Markers").map(({ values }) => values[0]);
  for (const text of ["Status: OK", "Recording started", "Pulse measured", "Recording ended"]) {
    assert.ok(markers.includes(text), `${text}: ${markers}`);
  }
  assert.ok(markers.some((text) => /^Pulse withheld: \w+$/.test(String(text))), `${markers}`);
  assert.deepEqual(
    lines.flatMap(({ closed }) => closed ?? []).toSorted(),
    streams.map(({ stream }) => stream).toSorted(),
  );
});

Deno.test("lsl loads the library that the system finds, and none while it is off", async () => {
  using folder = temporaryFolder();
  buildStandIn(folder.path);
  const log = `${folder.path}/log.jsonl`;
  const env = { LD_LIBRARY_PATH: folder.path, LSL_STAND_IN_LOG: log };
  const off = await runProgram(["check-config", "--simulate"], env);
  assert.equal(off.code, 0, off.output);
  assert.deepEqual(linesOf(log), []);
  const on = await runProgram(["check-config", "--simulate", "--lsl"], env);
  assert.equal(on.code, 0, on.output);
  assert.deepEqual(linesOf(log), [{ loaded: true }]);
});

Deno.test("lsl refuses a library that is missing, lacks a function or has no port, with status 69", async () => {
  using folder = temporaryFolder();
  const broken = buildStandIn(folder.path, "broken.so", "-DWITHOUT_STRINGS");
  const whole = buildStandIn(folder.path, "whole.so");
  const env = { LSL_STAND_IN_LOG: `${folder.path}/log.jsonl` };
  const serve = ["serve", "--simulate", "--streaming_backend=file", "--port=0", "--lsl"]
    .concat(`--file_base_directory=${folder.path}/out`);
  for (
    const [path, variables, message] of [
      [
        `${folder.path}/none.so`,
        env,
        /^physiology_server: Cannot open the library .*none\.so: .*install the package liblsl[^\n]*\n$/m,
      ],
      [
        broken,
        env,
        /^physiology_server: Cannot open .*broken\.so: .*lsl_push_sample_strt[^\n]*\n$/m,
      ],
      [
        whole,
        { ...env, LSL_STAND_IN_NO_PORT: "1" },
        /physiology_server: Cannot open the LSL stream physiology PPG\n$/,
      ],
    ] as const
  ) {
    const { code, output } = await runProgram([...serve, `--lsl_library=${path}`], variables);
    assert.equal(code, 69, output);
    assert.match(output, message);
  }
});

const isInstalled = new TextDecoder().decode(
  new Deno.Command("/sbin/ldconfig", { args: ["-p"] }).outputSync().stdout,
).includes("liblsl.so");

Deno.test({
  name: "lsl says which package is missing, with status 69" +
    (isInstalled ? " (skipped: liblsl is installed)" : ""),
  ignore: isInstalled,
  fn: async () => {
    const { code, output } = await runProgram(["check-config", "--simulate", "--lsl"]);
    assert.equal(code, 69, output);
    assert.match(
      output,
      /Cannot load liblsl: .*liblsl\.so\.2.*: install the package liblsl of Lab Streaming Layer.*--lsl_library\n$/,
    );
  },
});

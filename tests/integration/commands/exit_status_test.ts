import assert from "node:assert/strict";
import { ffmpeg } from "../../support/clips.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { runProgram } from "../../support/run_program.ts";

async function folder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("no input is wrong usage, and stderr says what to add", async () => {
  const { status, stderr, stdout } = await runProgram([]);
  assert.equal(status, 64);
  assert.equal(stdout, "");
  assert.match(stderr, /^physiology_server: Cannot start without an input: add --use_camera/);
  assert.equal(stderr.trim().split("\n").length, 1);
});

Deno.test("an unknown flag is wrong usage, and stderr names the nearest", async () => {
  const { status, stderr } = await runProgram(["--use_camra"]);
  assert.equal(status, 64);
  assert.match(stderr, /did you mean --use_camera\?/);
});

Deno.test("an empty configuration file has status 78 and is named", async () => {
  await using at = await folder();
  await Deno.writeTextFile(`${at.path}/c.json`, "");
  const args = ["--simulate", "--redis_config_path=c.json"];
  const { status, stderr } = await runProgram(args, { cwd: at.path });
  assert.equal(status, 78);
  assert.match(stderr, /c\.json: it is empty/);
});

Deno.test("the default Redis configuration is written, checks, and keeps what it replaces", async () => {
  await using at = await folder();
  const { status, stdout } = await runProgram(["--save_default_redis_ipc_config"], {
    cwd: at.path,
  });
  assert.deepEqual([status, stdout], [0, "Wrote default_redis_ipc_config.json\n"]);
  const path = `${at.path}/default_redis_ipc_config.json`;
  assert.equal(JSON.parse(await Deno.readTextFile(path)).key_prefix, "physiology");
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const check = await runProgram(["check-config", `--redis_config_path=${path}`]);
  assert.equal(check.status, 0);

  await Deno.writeTextFile(path, '{"host": "mine"}');
  await runProgram(["--save_default_redis_ipc_config"], { cwd: at.path });
  assert.equal(await Deno.readTextFile(`${path}.old`), '{"host": "mine"}');
  assert.equal([...Deno.readDirSync(at.path)].length, 2);
});

Deno.test("a configuration that cannot be written has status 69 and says where", async () => {
  const { status, stderr } = await runProgram(["--save_default_file_ipc_config"], { cwd: "/proc" });
  assert.equal(status, 69);
  assert.match(stderr, /Cannot write default_file_ipc_config\.json into \/proc/);
});

Deno.test("the configuration in use is printed with its origins and without its secrets", async () => {
  const args = ["print-config", "--json", "--redis_password=hunter2"];
  const { status, stdout } = await runProgram(args, { env: { PHYSIOLOGY_REDIS_PORT: "7777" } });
  assert.equal(status, 0);
  assert.doesNotMatch(stdout, /hunter2/);
  const printed = JSON.parse(stdout);
  assert.deepEqual(printed.redis_port, {
    value: 7777,
    origin: { kind: "environment", name: "PHYSIOLOGY_REDIS_PORT" },
  });
  assert.equal(printed.redis_password.value, "***");
});

Deno.test("help, version, manual and completions leave with 0 and their text on stdout", async () => {
  const answers = await Promise.all(
    [["--help"], ["version", "--json"], ["man"], ["completions", "bash"]].map((args) =>
      runProgram(args)
    ),
  );
  for (const { status, stdout, stderr } of answers) {
    assert.deepEqual([status, stderr], [0, ""]);
    assert.notEqual(stdout, "");
  }
  assert.equal(JSON.parse(answers[1]?.stdout ?? "").name, "physiology_server");
});

Deno.test("bash completes commands, flags and choices", async () => {
  await using at = await folder();
  const { stdout } = await runProgram(["completions", "bash"]);
  await Deno.writeTextFile(`${at.path}/completions`, stdout);
  const complete = async (...words: string[]) => {
    const script = `. "$1"; shift; COMP_WORDS=(physiology_server "$@"); ` +
      `COMP_CWORD=$#; _physiology_server; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, success, stderr } = await new Deno.Command("bash", {
      args: ["-c", script, "bash", `${at.path}/completions`, ...words],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim().split("\n");
  };
  assert.deepEqual(await complete("vers"), ["version"]);
  assert.deepEqual(await complete("--redis_po"), ["--redis_port="]);
  assert.deepEqual(await complete("--frame_publish", "=", "al"), ["always"]);
});

Deno.test("a log that cannot be written does not stop the measuring", async () => {
  using folder = temporaryFolder();
  const program = new URL("../../../scripts/physiology_server", import.meta.url).pathname;
  const flags = "--simulate --port=0 --duration=2.5 --streaming_backend=file --frame_publish=never";
  for (const log of [">/dev/full 2>&1", "2>&1 | head -1"]) {
    const { stdout } = await new Deno.Command("bash", {
      args: ["-c", `"${program}" ${flags} ${log}; echo "status \${PIPESTATUS[0]}"`],
      env: { PHYSIOLOGY_FILE_BASE_DIRECTORY: folder.path },
    }).output();
    assert.match(new TextDecoder().decode(stdout), /status 0\n$/);
    const lines = Deno.readTextFileSync(`${folder.path}/core_metrics.jsonl`).split("\n").length;
    assert.ok(lines > 4, `${lines} lines with ${log}`);
  }
});

Deno.test("a reader that goes away is no error", async () => {
  const program = new URL("../../../scripts/physiology_server", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `"${program}" --help | head -1; echo "\${PIPESTATUS[0]}"`],
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.match(new TextDecoder().decode(stdout), /\n0\n$/);
});

Deno.test("a video whose Redis never came has status 69, and the reason", async () => {
  await using at = await folder();
  await ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:d=1", "-c:v", "mjpeg", `${at.path}/v.avi`);
  const args = [`--input_video_path=${at.path}/v.avi`, "--redis_port=9", "--port=0"];
  const { status, stderr } = await runProgram(args);
  assert.equal(status, 69);
  assert.match(stderr, /nobody got anything of it: .*localhost:9/);
});

import assert from "node:assert/strict";
import { ffmpeg } from "../../support/clips.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { runProgram } from "../../support/run_program.ts";

async function folder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("serve without an input exits with 64, and stderr says what to add", async () => {
  const { status, stderr, stdout } = await runProgram([]);
  assert.equal(status, 64);
  assert.equal(stdout, "");
  assert.match(stderr, /^physiology_server: Cannot start without an input: add --use_camera/);
  assert.equal(stderr.trim().split("\n").length, 1);
});

Deno.test("an unknown flag exits with 64, and stderr suggests the nearest", async () => {
  const { status, stderr } = await runProgram(["--use_camra"]);
  assert.equal(status, 64);
  assert.match(stderr, /did you mean --use_camera\?/);
});

Deno.test("an empty configuration file exits with 78, and stderr names it", async () => {
  await using at = await folder();
  await Deno.writeTextFile(`${at.path}/c.json`, "");
  const args = ["--simulate", "--redis_config_path=c.json"];
  const { status, stderr } = await runProgram(args, { cwd: at.path });
  assert.equal(status, 78);
  assert.match(stderr, /c\.json: it is empty/);
});

Deno.test("--save_default_redis_ipc_config writes a valid file, and keeps the one it replaces", async () => {
  await using at = await folder();
  const { status, stdout } = await runProgram(["--save_default_redis_ipc_config"], {
    cwd: at.path,
  });
  assert.deepEqual([status, stdout], [0, "Wrote default_redis_ipc_config.json\n"]);
  const path = `${at.path}/default_redis_ipc_config.json`;
  assert.equal(JSON.parse(await Deno.readTextFile(path)).key_prefix, "physiology");
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const check = await runProgram(["check-config", "--simulate", `--redis_config_path=${path}`]);
  assert.equal(check.status, 0);

  await Deno.writeTextFile(path, '{"host": "mine"}');
  await runProgram(["--save_default_redis_ipc_config"], { cwd: at.path });
  assert.equal(await Deno.readTextFile(`${path}.old`), '{"host": "mine"}');
  assert.equal([...Deno.readDirSync(at.path)].length, 2);
});

Deno.test("--save_default_file_ipc_config exits with 69 if the directory is not writable", async () => {
  const { status, stderr } = await runProgram(["--save_default_file_ipc_config"], { cwd: "/proc" });
  assert.equal(status, 69);
  assert.match(stderr, /Cannot write default_file_ipc_config\.json into \/proc/);
});

Deno.test("print-config prints the origin of each value, and masks secrets", async () => {
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

Deno.test("--help, version, man and completions exit with 0, and print to stdout", async () => {
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

Deno.test("completions for bash complete commands, flags and choices", async () => {
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

Deno.test("serve continues if the log cannot be written", async () => {
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

Deno.test("--help exits with 0 if its reader closes the pipe", async () => {
  const program = new URL("../../../scripts/physiology_server", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `"${program}" --help | head -1; echo "\${PIPESTATUS[0]}"`],
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.match(new TextDecoder().decode(stdout), /\n0\n$/);
});

Deno.test("serve exits with 69 and the reason if the video ends before Redis is available", async () => {
  await using at = await folder();
  await ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:d=1", "-c:v", "mjpeg", `${at.path}/v.avi`);
  const args = [`--input_video_path=${at.path}/v.avi`, "--redis_port=9", "--port=0"];
  const { status, stderr } = await runProgram(args);
  assert.equal(status, 69);
  assert.match(stderr, /no subscriber received any message: .*localhost:9/);
});

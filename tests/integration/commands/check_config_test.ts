import assert from "node:assert/strict";
import { AppError } from "../../../src/base/errors.ts";
import { run } from "../../../src/commands/check_config.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { ffmpeg } from "../../support/clips.ts";
import { commandContext } from "../../support/command_context.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { startProgram } from "../../support/physiology_server.ts";
import { freePort } from "../../support/free_port.ts";
import { runProgram } from "../../support/run_program.ts";
import { waitFor } from "../../support/wait.ts";

const PROGRAM = "physiology_server: ";

/** The exit status and the words of `check-config`, as a part of this process; the last tests run its program. */
async function check(flags: readonly string[]): Promise<{ status: number; message: string }> {
  try {
    const readText = Deno.readTextFileSync;
    await run(commandContext(["check-config", ...flags], { readText }));
  } catch (reason) {
    const error = AppError.from(reason);
    return { status: error.exitStatus, message: error.describe() };
  }
  return { status: 0, message: "" };
}

/** Configurations that the server refuses when it starts. */
async function refusedAtStart(folder: string): Promise<Record<string, string[]>> {
  const { server, client } = makeCertificates(folder);
  const [garbage, video] = [`${folder}/garbage`, `${folder}/clip.avi`];
  Deno.writeTextFileSync(garbage, "not what it should be");
  await ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1", "-c:v", "mjpeg", video);
  const none = `${folder}/none`;
  const grpc = (cert: string, key: string) => [
    "--simulate",
    `--port=${freePort()}`,
    `--grpc_tls_cert_path=${cert}`,
    `--grpc_tls_key_path=${key}`,
  ];
  return {
    "no input": [],
    "two inputs": ["--simulate", "--use_camera"],
    "a missing camera": ["--use_camera", `--camera_device=${none}`],
    "a file that is no camera": ["--use_camera", `--camera_device=${garbage}`],
    "no camera": ["--use_camera", "--camera_device_index=255"],
    "a missing video": [`--input_video_path=${none}`],
    "a file that is no video": [`--input_video_path=${garbage}`],
    "missing frame times": [`--input_video_path=${video}`, `--input_video_time_path=${none}`],
    "invalid frame times": [`--input_video_path=${video}`, `--input_video_time_path=${garbage}`],
    "an invalid schedule": ["--simulate", "--simulate_pulse=60,70@9,80@5"],
    "a truth file in a missing folder": ["--simulate", `--simulate_truth_path=${none}/t.csv`],
    "a missing model": ["--simulate", `--pulse_model_path=${none}`],
    "a file that is no model": ["--simulate", `--pulse_model_path=${garbage}`],
    "a missing certificate for gRPC": grpc(none, server.key),
    "a missing key for gRPC": grpc(server.cert, none),
    "a file that is no certificate": grpc(garbage, server.key),
    "a file that is no key": grpc(server.cert, garbage),
    "the key of another certificate": grpc(server.cert, client.key),
    "a missing configuration": ["--simulate", `--redis_config_path=${none}`],
    "a missing password file": ["--simulate", `--redis_password_file=${none}`],
    "HTTP without a token": ["--simulate", "--http_port=8080", "--http_address=0.0.0.0"],
  };
}

Deno.test("check-config refuses what serve refuses, with the same status and words", async () => {
  using folder = temporaryFolder();
  for (const [what, flags] of Object.entries(await refusedAtStart(folder.path))) {
    const [serve, { status, message }] = await Promise.all([runProgram(flags), check(flags)]);
    const lines = serve.stderr.split("\n").filter((line) => line.startsWith(PROGRAM));
    assert.equal(lines.length, 1, `${what}: ${serve.stderr}`);
    assert.deepEqual([serve.status, lines[0]], [status, PROGRAM + message], what);
    assert.notEqual(serve.status, 70, what);
    assert.doesNotMatch(serve.stderr, /^ {4}at /m, `${what}: a stack`);
  }
});

/** Files that the server waits for, because they may appear while it runs. */
function retried(folder: string): Record<string, string[]> {
  const { ca, client, server } = makeCertificates(folder);
  const none = `${folder}/none`;
  const redis = (...flags: string[]) => ["--redis_host=127.0.0.1", "--redis_tls", ...flags];
  return {
    "a missing CA": redis(`--redis_tls_ca_path=${none}`),
    "a CA that is a key": redis(`--redis_tls_ca_path=${server.key}`),
    "a missing client certificate": redis(
      `--redis_tls_ca_path=${ca}`,
      `--redis_tls_cert_path=${none}`,
      `--redis_tls_key_path=${client.key}`,
    ),
    "the key of another certificate": redis(
      `--redis_tls_cert_path=${client.cert}`,
      `--redis_tls_key_path=${server.key}`,
    ),
    "a file in the path of the folder for files": [
      "--streaming_backend=file",
      `--file_base_directory=${ca}/folder`,
    ],
    "a file in place of the folder for files": [
      "--streaming_backend=file",
      `--file_base_directory=${ca}`,
    ],
    "a missing folder for files": [
      "--streaming_backend=file",
      `--file_base_directory=${none}`,
      "--nofile_create_if_missing",
    ],
  };
}

Deno.test("check-config refuses files that serve cannot use while it runs, with the same words", async () => {
  using folder = temporaryFolder();
  for (const [what, flags] of Object.entries(retried(folder.path))) {
    const { status, message } = await check(["--simulate", ...flags]);
    assert.equal(status, 78, what);
    await using server = startProgram(["--simulate", ...flags]);
    await waitFor(`"${message}" in the log`, () => server.stderr.includes(message), {
      timeoutMs: 60_000,
    });
    assert(server.running);
  }
});

Deno.test("check-config prints why it refuses", async () => {
  for (const flags of [[], ["--use_camera", "--camera_device=/none"]]) {
    const { status, message } = await check(flags);
    assert.deepEqual(await runProgram(["check-config", ...flags]), {
      status,
      stdout: "",
      stderr: `${PROGRAM}${message}\n`,
    });
  }
});

Deno.test("check-config accepts what serve accepts, and leaves a truth file as it is", async () => {
  using folder = temporaryFolder();
  const truth = `${folder.path}/truth.csv`;
  const flags = ["check-config", "--simulate", `--simulate_truth_path=${truth}`];
  assert.deepEqual(await runProgram(flags), {
    status: 0,
    stdout: "The configuration is valid\n",
    stderr: "",
  });
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
  Deno.writeTextFileSync(truth, "t_s\n");
  assert.equal((await runProgram(flags)).status, 0);
  assert.equal(Deno.readTextFileSync(truth), "t_s\n");
});

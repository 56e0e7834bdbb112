import assert from "node:assert/strict";
import { type Fault, FaultProxy } from "../support/fault_proxy.ts";
import { temporaryFolder } from "../support/folders.ts";
import { runProgram, startProgram } from "../support/physiology_server.ts";
import { Program, PYTHON } from "../support/program.ts";
import { freePort, startRedis } from "../support/redis_server.ts";

const CHECKER = new URL("conformance.py", import.meta.url).pathname;

/**
 * Runs the server with `flags` and checks all that it publishes with the independent program; what a
 * simulated camera sees is compared with its ground truth.
 */
async function checkContract(
  flags: readonly string[],
  { checks = [], link = {} }: {
    readonly checks?: readonly string[];
    /** Fault of the link between the server and Redis. */
    readonly link?: Fault;
  } = {},
): Promise<void> {
  using folder = temporaryFolder();
  const truth = `${folder.path}/truth.csv`;
  const isSimulated = flags.includes("--simulate");
  await using broker = await startRedis();
  await using proxy = new FaultProxy(broker);
  proxy.fault = link;
  await using server = startProgram([
    `--redis_port=${proxy.port}`,
    ...isSimulated ? [`--simulate_truth_path=${truth}`] : [],
    ...flags,
  ]);
  await using checker = new Program(PYTHON, [
    CHECKER,
    `--port=${broker.port}`,
    ...isSimulated ? [`--truth=${truth}`] : [],
    ...checks,
  ]);
  const status = await checker.ended();
  server.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  assert.equal(code, 0, stderr);
  assert.equal(status, 0, checker.output);
}

Deno.test("conformance.py finds no deviation on the channels, with every optional field enabled", () =>
  checkContract([
    "--simulate",
    "--enable_phasic_bp",
    "--enable_eda",
    "--enable_hud",
    "--frame_publish=always",
  ], { checks: ["--seconds=9", "--require_pulse", "--phasic", "--eda", "--frames=always"] }));

Deno.test("conformance.py finds no deviation on a looped video, with optional messages disabled", async () => {
  using folder = temporaryFolder();
  const clip = `${folder.path}/a clip.avi`;
  const simulated = await runProgram(["simulate", `--output=${clip}`, "--duration=2"]);
  assert.equal(simulated.code, 0, simulated.stderr);
  await checkContract([
    `--input_video_path=${clip}`,
    "--loop",
    "--noenable_edge_metrics",
    "--frame_publish=never",
    "--buffer_duration=0.5",
  ], { checks: ["--seconds=6", "--no_edge", "--frames=never", "--buffer_duration=0.5"] });
});

Deno.test("conformance.py finds no deviation on a link that has no room for every edge metric", () =>
  checkContract(["--simulate", "--frame_publish=never"], {
    link: { bytesPerSecond: 20_000, delayMs: 10 },
    checks: ["--seconds=15", "--frames=never", "--slow_link"],
  }));

Deno.test("conformance.py finds no deviation in keys and histories, with metrics only while recording", () =>
  checkContract([
    "--simulate",
    "--noredis_use_pubsub",
    "--metrics_only_while_recording",
  ], { checks: ["--seconds=13", "--require_pulse", "--key_value", "--only_while_recording"] }));

Deno.test("conformance.py finds no deviation in files, and never reads half a line", async () => {
  using folder = temporaryFolder();
  await checkContract([
    "--simulate",
    "--streaming_backend=file",
    `--file_base_directory=${folder.path}`,
  ], { checks: ["--seconds=9", "--require_pulse", `--folder=${folder.path}`] });
});

Deno.test("conformance.py finds no deviation on the streams of gRPC", () => {
  const port = freePort();
  return checkContract([
    "--simulate",
    "--streaming_backend=grpc",
    `--port=${port}`,
    "--enable_phasic_bp",
    "--enable_eda",
  ], {
    checks: [
      "--seconds=9",
      "--require_pulse",
      "--phasic",
      "--eda",
      "--frames=never",
      `--grpc=127.0.0.1:${port}`,
    ],
  });
});

Deno.test("conformance.py finds no deviation on the web page", () => {
  const port = freePort();
  return checkContract([
    "--simulate",
    "--streaming_backend=grpc",
    `--port=${freePort()}`,
    `--http_port=${port}`,
  ], { checks: ["--seconds=9", "--require_pulse", `--page=http://127.0.0.1:${port}`] });
});
